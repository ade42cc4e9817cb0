// What is known of one thing of a root, without what is wrong with it.
#pragma once

#include "cmd/show/description.h"
#include "cmd/show/target.h"
#include "cmd/show/view.h"
#include "core/run/cancel.h"

namespace dfsck {

// Reads a few small files of the thing, of a file in a layer also the layer's tar-split. A Format error says that there
// is no such thing after all.
Result<Description> describe_target(const ShowView& view, const Target& target, const Cancel& cancel);

// One function for each kind of target.
Description describe_image(const ShowView& view, const std::string& id);
Description describe_tag(const ShowView& view, const std::string& name);
Description describe_layer(const ShowView& view, const ChainId& chain);
Description describe_container(const ShowView& view, const std::string& id);
Description describe_directory(const ShowView& view, const CacheId& id);
Description describe_link(const ShowView& view, const std::string& name);
Description describe_volume(const ShowView& view, const std::string& name);
Description describe_network(const ShowView& view, const std::string& id);
Result<Description> describe_layer_file(const ShowView& view, const CacheId& dir, const RelPath& path,
                                        const Cancel& cancel);
Description describe_file(const ShowView& view, const RelPath& path);

// All things of one root; of a root below the one that was named, each with the path of its root.
Description describe_inventory(const ShowView& view);

// --- shared by them ---

inline constexpr const char* kUsedBy = "used_by";
inline constexpr const char* kUses = "uses";
ShownList used_by(std::vector<ShownThing> things);
ShownList uses(std::vector<ShownThing> things);

// Facts of an object on disk: type, mode, owner, size, time.
void add_stat(const FileStat& stat, Description& description);
// "2023-11-14T22:13:20Z"; fractions of a second only where there are any.
std::string time_text(const FileTime& time);
// "file, mode 0644, owner 0:0"
std::string mode_text(uint32_t mode);

}  // namespace dfsck
