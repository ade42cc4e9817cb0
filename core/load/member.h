// What one entry of a layer's tar asks for, judged by its header alone.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/codec/tar/header.h"

namespace dfsck {

struct LayerMember {
  enum class Kind {
    Nothing,   // the layer's own directory, which stays as it was made; a global header
    Opaque,    // hides what the layers below have in the directory `path`
    Whiteout,  // hides `path` of the layers below
    Directory,
    File,
    Symlink,
    HardLink,  // to `target`
    Node,      // a device or a FIFO
  };
  Kind kind = Kind::Nothing;
  RelPath path;    // below diff/; for Opaque and Whiteout what is hidden
  RelPath target;  // of a HardLink, below diff/
};

// By the rules of moby pkg/archive/archive.go:Unpack and archive_linux.go:ConvertRead, but stricter: Format error for
// names that are absolute or have "..", whiteouts of nothing, "." or "..", types that the daemon does not unpack,
// sparse files, ids that no filesystem has, and attributes that speak to overlay itself. `where` is for messages.
Result<LayerMember> judge_member(const TarHeader& header, const std::string& where);

// "sbin/init", escaped and cut, in quotes: how messages name an entry.
std::string shown_member(const std::string& name);

}  // namespace dfsck
