// Libraries written in C say in words that they got no memory; here that is thrown, as operator new does.
#pragma once

#include <archive.h>

#include <cerrno>
#include <new>
#include <string_view>

namespace dfsck {

// To be called where libarchive has failed; null: it could not even make the archive.
inline void throw_if_out_of_memory(struct archive* archive) {
  const char* text = archive != nullptr ? archive_error_string(archive) : nullptr;
  const std::string_view reason = text != nullptr ? text : "";
  if (archive == nullptr || archive_errno(archive) == ENOMEM || reason.find("out of memory") != std::string_view::npos) {
    throw std::bad_alloc();
  }
}

}  // namespace dfsck
