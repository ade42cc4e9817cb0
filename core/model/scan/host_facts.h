// What a snapshot of the host means for one root. Internal to core/model, and for its tests.
#pragma once

#include "core/fs/host.h"
#include "core/model/model.h"

namespace dfsck {

// Fills in model.host except for what is asked of the filesystem itself. Needs model.driver.
void read_host_facts(const Root& root, const HostSnapshot& host, Model& model);

// "ext4" for its statfs magic, "0x..." for one that is not known.
std::string filesystem_name(uint64_t magic);

// Whether a filesystem of that name is gone when the machine stops.
bool lies_in_memory(const std::string& filesystem);

// False where overlay layers cannot be kept whole: no device nodes, owners, attributes or atomic renames, or refused by
// the kernel. `type` is the name in mountinfo, which tells FUSE filesystems apart.
bool holds_layers(const std::string& filesystem, const std::string& type, const std::string& driver);

}  // namespace dfsck
