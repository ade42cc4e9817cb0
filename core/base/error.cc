// Building and printing errors. The only place outside core/fs that looks at errno.
#include "core/base/error.h"

#include <cerrno>
#include <system_error>

#include "core/base/errno_class.h"
#include "core/base/shortage.h"

namespace dfsck {

std::string Error::message() const {
  std::string text = op;
  if (!where.empty()) {
    text += text.empty() ? where : " " + where;
  }
  if (!detail.empty()) {
    text += ": " + detail;
  }
  if (kind == Kind::Io) {
    text += ": " + errno_text(code);
  }
  return text;
}

Error sys_error(std::string_view op, std::string_view where) {
  const int code = errno;
  Error error{Error::Kind::Io, code, std::string(op), std::string(where), {}};
  if (is_shortage(code)) {
    note_shortage(error);
  }
  return error;
}

Error format_error(std::string_view op, std::string_view where, std::string_view detail) {
  return Error{Error::Kind::Format, 0, std::string(op), std::string(where), std::string(detail)};
}

Error limit_error(std::string_view op, std::string_view where, std::string_view detail) {
  return Error{Error::Kind::Limit, 0, std::string(op), std::string(where), std::string(detail)};
}

Error cancelled_error(std::string_view op, std::string_view where, std::string_view detail) {
  return Error{Error::Kind::Cancelled, 0, std::string(op), std::string(where), std::string(detail)};
}

std::string errno_text(int code) { return std::generic_category().message(code); }

}  // namespace dfsck
