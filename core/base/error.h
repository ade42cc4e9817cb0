// What went wrong with the environment: the operation, the path, the reason.
//
// An Error is never about wrong data inside a Docker root (that is a Finding): it says that an operation
// of ours could not be carried out. `kind` decides what a command does with it.
#pragma once

#include <string>
#include <string_view>

namespace dfsck {

struct Error {
  enum class Kind {
    Io,         // a system call failed; `code` holds its errno
    Format,     // bytes do not have the form that they should have
    Limit,      // a bound of ours was reached (size, depth, count)
    Busy,       // somebody else holds what we need
    Cancelled,  // the user asked us to stop
    Internal,   // a broken promise of our own code
  };

  Kind kind = Kind::Internal;
  int code = 0;        // errno for Io, else 0
  std::string op;      // "open", "read", "parse JSON"
  std::string where;   // escaped path, or other place; may be empty
  std::string detail;  // free text; may be empty

  // One line: "open overlay2/l: Permission denied" (or with the detail in place of the errno text).
  std::string message() const;

  bool is_io(int errno_value) const { return kind == Kind::Io && code == errno_value; }
};

// Makes an Io error from errno. Reads errno before it does anything else: call it right after the failing call. Notes a
// shortage (see shortage.h).
Error sys_error(std::string_view op, std::string_view where);

Error format_error(std::string_view op, std::string_view where, std::string_view detail);
Error limit_error(std::string_view op, std::string_view where, std::string_view detail);
Error cancelled_error(std::string_view op, std::string_view where, std::string_view detail);

// The text of an errno value ("Permission denied"). Thread-safe, unlike the C function.
std::string errno_text(int code);

}  // namespace dfsck
