/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What std::cout prints in processes and tasks.
 *
 * There the library has put streams of its own into stdout and stderr, which
 * bring lines to rank 0 in their order (see multirank/process.h).  std::cout
 * and its like keep the streams that were there when the program began, and
 * would go around them.
 */
#ifndef MULTIRANK_CXX_OUTPUT_HPP
#define MULTIRANK_CXX_OUTPUT_HPP

#include <cstdio>
#include <iostream>
#include <streambuf>

namespace multirank::detail
{

/* Writes into a stream of C, which has the buffer. */
class c_stream : public std::streambuf
{
  public:
    explicit c_stream(std::FILE *file) noexcept : file_(file)
    {
    }

  protected:
    int_type overflow(int_type letter) override
    {
        if (traits_type::eq_int_type(letter, traits_type::eof())) {
            return traits_type::not_eof(letter);
        }
        return std::fputc(letter, file_) == EOF ? traits_type::eof() : letter;
    }

    std::streamsize xsputn(const char *text, std::streamsize size) override
    {
        return static_cast<std::streamsize>(
            std::fwrite(text, 1, static_cast<std::size_t>(size), file_));
    }

    int sync() override
    {
        return std::fflush(file_);
    }

  private:
    std::FILE *file_;
};

/* Lets the streams of C++ print through those of C, as these are now.  The
 * buffers are never destroyed: std::cout is flushed last of all at exit. */
inline bool join_streams()
{
    static c_stream *const out = new c_stream(stdout);
    static c_stream *const err = new c_stream(stderr);

    std::cout.rdbuf(out);
    std::cerr.rdbuf(err);
    std::clog.rdbuf(err);
    return true;
}

/* Once in each process that runs functions of the user: what calls this is no
 * part of main. */
inline void print_through_c()
{
    static const bool done = join_streams();

    static_cast<void>(done);
}

} // namespace multirank::detail

#endif
