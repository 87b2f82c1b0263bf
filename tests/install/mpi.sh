#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# configure takes the MPI that the user has chosen, and the launcher beside it:
# MPICC, else the mpicc that comes first in PATH, else what pkg-config knows.
set -u

source=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0

real=$(sed -n 's/^MPICC = //p' Makefile)
if [ -e "$source/config.status" ]; then
    echo "the sources were configured where they are"
    exit 77
elif ! "${real:-false}" --showme:link > /dev/null 2>&1; then
    echo "no mpicc of Open MPI"
    exit 77
fi

# A second installation of the same MPI, told apart by a path for the linker.
mkdir "$scratch/second" "$scratch/other" || exit 1
cat > "$scratch/second/mpicc" << END
#!/bin/sh
case \$1 in
    --showme:link) echo "\$("$real" \$1) -Wl,-rpath,$scratch/second" ;;
    *) exec "$real" "\$@" ;;
esac
END
cat > "$scratch/second/mpirun" << END
#!/bin/sh
exit 1
END
# The compiler of another kind of MPI, which does not know the option.
cat > "$scratch/other/mpicc" << END
#!/bin/sh
exit 1
END
# That of MPICH, which has another option for the same purpose.
mkdir "$scratch/mpich" || exit 1
cat > "$scratch/mpich/mpicc.mpich" << END
#!/bin/sh
[ "\$1" = -show ] && echo "gcc -lmpich"
END
chmod +x "$scratch/mpich/mpicc.mpich"
cp "$scratch/second/mpicc" "$scratch/second/mpicc-of-mine"
chmod +x "$scratch"/second/mpi* "$scratch/other/mpicc"

# Into an empty folder.  What has nothing to do with MPI is found out once: the
# cache of configure without the variables of the user and of pkg-config.
configure() { # [VARIABLE=VALUE...]
    local status
    rm -rf "$scratch/build"
    mkdir "$scratch/build"
    cp "$scratch/known" "$scratch/cache" 2> /dev/null
    (cd "$scratch/build" && env -u MPICC -u MPIRUN -u MPI_CFLAGS \
        -u MPI_LIBS "$@" "$source/configure" --disable-tests \
        --cache-file="$scratch/cache") > "$scratch/log" 2>&1
    status=$?
    if [ ! -e "$scratch/known" ]; then
        grep -vi '^ac_cv_env_\|^pkg_cv_\|mpi[cr]' "$scratch/cache" > "$scratch/known"
    fi
    return $status
}

configured() { # NAME
    sed -n "s/^$1 = *//p" "$scratch/build/Makefile"
}

# Is the launcher, and what the linker is told, that of the second MPI?
check() { # NAME yes|no [VARIABLE=VALUE...]
    local name=$1 expected=$2 found=no
    shift 2
    if ! configure "$@"; then
        tail -n 20 "$scratch/log"
        found="no MPI at all"
    elif [ "$(configured MPIRUN)" = "$scratch/second/mpirun" ] &&
        configured MPI_LDFLAGS | grep -q -- "-Wl,-rpath,$scratch/second"; then
        found=yes
    fi
    if [ "$found" = "$expected" ]; then
        passed=$((passed + 1))
        echo "  ok   $name"
    else
        failed=$((failed + 1))
        grep -E '^    (MPI|launcher) ' "$scratch/log"
        echo "  FAIL $name: $found, not $expected"
    fi
}

# What the user names is taken, or configure says why it is not.
refused() { # NAME PATTERN VARIABLE=VALUE...
    local name=$1 pattern=$2
    shift 2
    if configure "$@"; then
        grep -E '^    (MPI|launcher) ' "$scratch/log"
        failed=$((failed + 1))
        echo "  FAIL $name: another MPI was taken in silence"
    elif ! grep -q "^configure: error: $pattern" "$scratch/log"; then
        tail -n 5 "$scratch/log"
        failed=$((failed + 1))
        echo "  FAIL $name: it does not say why"
    else
        passed=$((passed + 1))
        echo "  ok   $name"
    fi
}

# Where mpicc is none of Open MPI, another way is needed to find one.
elsewhere() {
    pkg-config --exists ompi-c || pkg-config --exists ompi
} 2> /dev/null

check named_compiler_is_taken yes MPICC="$scratch/second/mpicc"
check first_compiler_in_path_is_taken yes PATH="$scratch/second:$PATH"
check named_compiler_comes_before_the_path no MPICC="$real" \
    PATH="$scratch/second:$PATH"
if elsewhere; then
    check compiler_of_another_kind_is_passed_over no PATH="$scratch/other:$PATH"
fi
check compiler_named_without_a_folder_is_taken yes MPICC=mpicc-of-mine \
    PATH="$scratch/second:$PATH"
refused compiler_of_mpich_is_refused "MPICC=.*MPICH" \
    MPICC=mpicc.mpich PATH="$scratch/mpich:$PATH"
refused named_compiler_of_another_kind_is_refused "MPICC=.*--showme" \
    MPICC="$scratch/other/mpicc"
refused missing_compiler_is_refused "MPICC=.*not there" MPICC=/no/such/mpicc
refused missing_launcher_is_refused "MPIRUN=.*not there" MPIRUN=no-such-mpirun
refused flags_that_do_not_link_are_refused "no program of MPI can be linked" \
    MPI_LIBS=-lno-such-mpi
echo "SUITE install/mpi: $passed passed, $failed failed, 0 skipped"
[ $failed -eq 0 ]
