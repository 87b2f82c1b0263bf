dnl SPDX-License-Identifier: BSD-3-Clause
dnl The checks that configure.ac is made of.

dnl MRI_CHECK_FLAG(FLAG, VARIABLE)
dnl Appends FLAG to VARIABLE if the compiler takes it without a word; clang
dnl only warns about an option it does not know, hence -Werror.
AC_DEFUN([MRI_CHECK_FLAG], [
  AC_MSG_CHECKING([whether $CC takes $1])
  mri_saved_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS -Werror $1"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
    [AC_MSG_RESULT([yes]); AS_VAR_APPEND([$2], [" $1"])],
    [AC_MSG_RESULT([no])])
  CFLAGS=$mri_saved_CFLAGS
])

dnl MRI_FIND_CXX17
dnl Sets mri_cxx17 to yes or no, and CXX_LANGUAGE_FLAGS to what makes the
dnl compiler take C++17.
AC_DEFUN([MRI_FIND_CXX17], [
  mri_cxx17=no CXX_LANGUAGE_FLAGS=
  AC_LANG_PUSH([C++])
  MRI_CHECK_CXX_FLAG([-std=c++17], [CXX_LANGUAGE_FLAGS])
  AC_MSG_CHECKING([whether ${CXX:-c++} compiles C++17])
  mri_saved_CXXFLAGS=$CXXFLAGS
  CXXFLAGS="$CXXFLAGS $CXX_LANGUAGE_FLAGS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <chrono>
      #include <optional>
      #include <string>
      template <auto Value> constexpr auto constant = Value;]],
    [[std::optional<std::string> text("a");
      if constexpr (constant<1> == 1) { return text->size() == 1 ? 0 : 1; }]])],
    [mri_cxx17=yes])
  AC_MSG_RESULT([$mri_cxx17])
  CXXFLAGS=$mri_saved_CXXFLAGS
  AC_LANG_POP([C++])
  AS_IF([test $mri_cxx17 = yes],
    [mri_cxx17_summary="$CXX $CXXFLAGS"],
    [mri_cxx17_summary="no, tests/cxx is left out"])
  AC_SUBST([CXX_LANGUAGE_FLAGS])
])

dnl MRI_CHECK_CXX_FLAG(FLAG, VARIABLE)
dnl As MRI_CHECK_FLAG, for C++.
AC_DEFUN([MRI_CHECK_CXX_FLAG], [
  AC_LANG_PUSH([C++])
  AC_MSG_CHECKING([whether ${CXX:-c++} takes $1])
  mri_saved_CXXFLAGS=$CXXFLAGS
  CXXFLAGS="$CXXFLAGS -Werror $1"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
    [AC_MSG_RESULT([yes]); AS_VAR_APPEND([$2], [" $1"])],
    [AC_MSG_RESULT([no])])
  CXXFLAGS=$mri_saved_CXXFLAGS
  AC_LANG_POP([C++])
])

dnl MRI_REQUIRE_FLAGS(FLAGS)
dnl Ends configure unless a program can be linked with FLAGS.
AC_DEFUN([MRI_REQUIRE_FLAGS], [
  AC_MSG_CHECKING([whether $CC links with $1])
  mri_saved_CFLAGS=$CFLAGS
  CFLAGS="$CFLAGS $1"
  AC_LINK_IFELSE([AC_LANG_PROGRAM()],
    [AC_MSG_RESULT([yes])],
    [AC_MSG_RESULT([no])
     AC_MSG_ERROR([this compiler cannot link with $1])])
  CFLAGS=$mri_saved_CFLAGS
])

dnl MRI_MISSING(WHAT, DEBIAN PACKAGES, FEDORA PACKAGES, VARIABLE PREFIX)
AC_DEFUN([MRI_MISSING], [
  AC_MSG_ERROR([$1 not found.
  Debian, Ubuntu:  apt-get install $2
  Fedora, RHEL:    dnf install $3
  Elsewhere:       set $4_CFLAGS and $4_LIBS, or PKG_CONFIG_PATH])
])

dnl MRI_TRY_LINK(PREFIX, HEADER, CALL, IF FOUND, IF NOT)
dnl Links CALL with PREFIX_CFLAGS and PREFIX_LIBS.
AC_DEFUN([MRI_TRY_LINK], [
  mri_saved_CPPFLAGS=$CPPFLAGS mri_saved_LIBS=$LIBS
  CPPFLAGS="$CPPFLAGS $$1_CFLAGS" LIBS="$$1_LIBS $LIBS"
  AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <$2>]], [[$3;]])],
    [mri_linked=yes], [mri_linked=no])
  CPPFLAGS=$mri_saved_CPPFLAGS LIBS=$mri_saved_LIBS
  AS_IF([test $mri_linked = yes], [$4], [$5])
])

dnl MRI_PTHREAD
dnl Sets PTHREAD_FLAGS, to be given when compiling and when linking.
AC_DEFUN([MRI_PTHREAD], [
  MRI_CHECK_FLAG([-pthread], [PTHREAD_FLAGS])
  AC_SUBST([PTHREAD_FLAGS])
])

dnl MRI_MPI_FROM(WAY, CFLAGS, LIBS)
dnl Takes this way to MPI if there was none before and a program links.
AC_DEFUN([MRI_MPI_FROM], [
  AS_IF([test -z "$mri_mpi_from"],
    [MPI_CFLAGS=$2 MPI_LIBS=$3
     MRI_TRY_LINK([MPI], [mpi.h], [MPI_Init_thread(0, 0, 0, 0)],
       [mri_mpi_from="$1"])])
])

dnl MRI_FIND_GIVEN(VARIABLE, WHAT)
dnl Makes an absolute path of the program that the user has named. Without
dnl this AC_PATH_PROG ignores a name without a folder and takes another.
AC_DEFUN([MRI_FIND_GIVEN], [
  AS_IF([test -n "$$1"],
    [AS_CASE([$$1],
       [*/*],
         [mri_given=$$1
          AS_IF([test -x "$mri_given"], [], [mri_given=])],
       [mri_given=`command -v "$$1" 2>/dev/null`])
     AS_CASE([$mri_given],
       [""],
         [AC_MSG_ERROR([$1=$$1: this program is not there.
  Give the path of $2, or unset $1 so that configure searches.])],
       [/*], [$1=$mri_given],
       [$1=`pwd`/$mri_given])])
])

dnl MRI_CHECK_GIVEN_MPI
dnl Ends configure, before its longer checks, if what the user has named cannot
dnl be used. The wrapper of MPICH and its relatives has the option -show and no
dnl --showme.
AC_DEFUN([MRI_CHECK_GIVEN_MPI], [
  AC_ARG_VAR([MPICC], [MPI's compiler wrapper, to take the MPI to which it belongs])
  AC_ARG_VAR([MPIRUN], [MPI's launcher, by default the one beside MPICC])
  mri_mpicc_given=$MPICC
  MRI_FIND_GIVEN([MPICC], [MPI's compiler wrapper])
  MRI_FIND_GIVEN([MPIRUN], [MPI's launcher])
  AS_IF([test -z "$MPICC" || test -n "$MPI_CFLAGS$MPI_LIBS" ||
      "$MPICC" --showme:link >/dev/null 2>&1], [],
    [AS_IF(["$MPICC" -show >/dev/null 2>&1],
       [mri_why="it is the compiler wrapper of MPICH or a relative of it, which
  Multirank does not support yet"],
       [mri_why="it does not know the option --showme of Open MPI's wrapper"])
     AC_MSG_ERROR([MPICC=$MPICC: $mri_why.
  Name the mpicc of Open MPI, or unset MPICC so that configure searches.])])
])

dnl MRI_FIND_MPI
dnl Open MPI by what the user gave, by asking mpicc, or by pkg-config. What the
dnl user names by a variable is used, or configure ends: nothing else is taken
dnl in its place (see MRI_CHECK_GIVEN_MPI, too). The mpicc
dnl in PATH comes first, as it says which of several the user has chosen; that
dnl of another kind of MPI does not know --showme. CC stays what it is: a
dnl compiler wrapper would link MPI into every program. The pkg-config module is
dnl the one for C, so that libmpi_cxx is never linked.
dnl
dnl Also sets MPIRUN, if the user did not: each MPI has a launcher of its own, so
dnl that the one beside mpicc comes first. And MPI_LDFLAGS, which say where MPI
dnl is found when a program runs: libtool drops them from a library that is a
dnl part of another.
AC_DEFUN([MRI_FIND_MPI], [
  AC_ARG_VAR([MPI_CFLAGS], [flags to compile with MPI, instead of searching])
  AC_ARG_VAR([MPI_LIBS], [flags to link with MPI, instead of searching])
  AC_PATH_PROG([MPICC], [mpicc])
  AC_MSG_CHECKING([for MPI])
  mri_mpi_from= mri_mpi_path=
  AS_IF([test -n "$MPI_CFLAGS$MPI_LIBS"],
    [MRI_MPI_FROM([as given], [$MPI_CFLAGS], [$MPI_LIBS])
     AS_IF([test -z "$mri_mpi_from"],
       [AC_MSG_RESULT([no])
        AC_MSG_ERROR([no program of MPI can be linked with
    MPI_CFLAGS=$MPI_CFLAGS
    MPI_LIBS=$MPI_LIBS
  Correct both, or unset both so that configure searches.])])],
    [AS_IF([test -n "$MPICC" && "$MPICC" --showme:link >/dev/null 2>&1],
       [MRI_MPI_FROM([$MPICC],
          [`"$MPICC" --showme:compile 2>/dev/null`],
          [`"$MPICC" --showme:link 2>/dev/null`])])
     AS_IF([test -z "$mri_mpi_from" && test -n "$mri_mpicc_given"],
       [AC_MSG_RESULT([no])
        AC_MSG_ERROR([MPICC=$MPICC: no program of MPI can be linked as it says
  by --showme:link; config.log has the reason. Unset MPICC so that configure
  searches.])])
     AS_IF([test -n "$mri_mpi_from"],
       [mri_mpi_path=`AS_DIRNAME(["$MPICC"])`$PATH_SEPARATOR])
     for mri_module in ompi-c ompi mpi-c; do
       AS_IF([test -n "$PKG_CONFIG" && "$PKG_CONFIG" --exists $mri_module],
         [MRI_MPI_FROM([pkg-config $mri_module],
            [`"$PKG_CONFIG" --cflags $mri_module`],
            [`"$PKG_CONFIG" --libs $mri_module`])])
     done])
  MPI_LDFLAGS=
  for mri_word in $MPI_LIBS; do
    AS_CASE([$mri_word], [-Wl,*], [MPI_LDFLAGS="$MPI_LDFLAGS $mri_word"])
  done
  AC_SUBST([MPI_LDFLAGS])
  AS_IF([test -n "$mri_mpi_from"],
    [AC_MSG_RESULT([$mri_mpi_from])],
    [AC_MSG_RESULT([no])
     MRI_MISSING([MPI], [libopenmpi-dev openmpi-bin], [openmpi-devel], [MPI])])
  AC_PATH_PROGS([MPIRUN], [mpirun mpiexec], [], [$mri_mpi_path$PATH])
])

dnl MRI_FIND_HWLOC
dnl Version 2 or later: version 1 has other names for caches and distances.
AC_DEFUN([MRI_FIND_HWLOC], [
  PKG_CHECK_MODULES([HWLOC], [hwloc >= 2.4], [],
    [MRI_MISSING([hwloc 2.4], [libhwloc-dev], [hwloc-devel], [HWLOC])])
])

dnl MRI_FIND_CUNIT
dnl Not every distribution ships a pkg-config file of CUnit.
AC_DEFUN([MRI_FIND_CUNIT], [
  PKG_CHECK_MODULES([CUNIT], [cunit], [],
    [CUNIT_LIBS=-lcunit
     AC_MSG_CHECKING([for CUnit without pkg-config])
     MRI_TRY_LINK([CUNIT], [CUnit/CUnit.h], [CU_initialize_registry()],
       [AC_MSG_RESULT([yes])],
       [AC_MSG_RESULT([no])
        MRI_MISSING([CUnit, which the tests need (or give --disable-tests),],
          [libcunit1-dev], [CUnit-devel], [CUNIT])])])
])

dnl MRI_DEFINE_TEXT(NAME, TEXT, DESCRIPTION)
dnl Defines a string of C; TEXT may have quotes, and blanks around it.
AC_DEFUN([MRI_DEFINE_TEXT], [
  mri_text=`AS_ECHO(["$2"]) |
    $SED 's/  */ /g; s/^ //; s/ $//; s/[[\\"]]/\\\\&/g'`
  AC_DEFINE_UNQUOTED([$1], ["$mri_text"], [$3])
])
