// Giving a new object its attributes, in as few calls as there are: for trees of many files.
//
// Unlike what core/fs/write/writer.h offers, nothing is looked up before it is set. Safe on different objects from many
// threads.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/fs/dir.h"
#include "core/fs/stat.h"
#include "core/fs/write/writer.h"

namespace dfsck {

using Attributes = std::vector<std::pair<std::string, std::string>>;

// Sets owner, extended attributes and mode of the open file, in the order that lets none undo another; then both times.
// Attributes that the filesystem does not have or this object cannot carry are left out without a word, as the daemon
// does (moby pkg/archive/archive.go:createTarFile).
Result<void> dress_file(int fd, const OwnerMode& owner, const Attributes& attributes, FileTime time,
                        const std::string& where);

// The same for an object that is not to be opened, itself and never what it links to. A directory's times are another
// call's affair, since what is made in it changes them.
enum class SetTimes { No, Yes };
Result<void> dress_object(const Dir& parent, const std::string& name, uint32_t type, const OwnerMode& owner,
                          const Attributes& attributes, FileTime time, SetTimes times);

}  // namespace dfsck
