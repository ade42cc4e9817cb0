// The repairs that rows of table.def name. Each adds to the plan the steps that repair one finding, or nothing where
// that cannot be done here; none of them changes anything itself.
#pragma once

#include <cstddef>

#include "core/plan/finding.h"
#include "core/plan/plan.h"

namespace dfsck {

struct CheckInput;

#define FIX(name) void fix_##name(const CheckInput& input, const Finding& finding, size_t index, PlanBuilder& plan)

FIX(quarantine_path);  // moves finding.path aside

// layerdb and overlay2
FIX(rebuild_layer_entry);
FIX(quarantine_layer);
FIX(rename_layer_entry);
FIX(quarantine_removing);
FIX(defuse_removing);
FIX(rebuild_init_dir);
FIX(make_work_dir);
FIX(make_committed);
FIX(write_link_file);
FIX(write_short_link);
FIX(write_lower);
FIX(quarantine_overlay_dir);
FIX(layer_entry);
FIX(restore_file);
FIX(restore_tar_split);
FIX(restore_layer_tree);
FIX(set_layer_aside);
FIX(leave_duplicate);

// images and references
FIX(quarantine_image);
FIX(restore_image_config);
FIX(rebuild_repositories);
FIX(drop_tag);

// containers and mounts
FIX(restore_container_config);
FIX(rename_container_dir);
FIX(rebuild_hostconfig);
FIX(restore_hostconfig);
FIX(rebuild_mount);
FIX(quarantine_mount);

// volumes, networks, build cache
FIX(restore_volume_options);
FIX(rebuild_volume_database);
FIX(rewrite_database);
FIX(rebuild_network_database);
FIX(network_records);
FIX(reset_build_cache);

// swarm
FIX(restore_swarm_state);
FIX(quarantine_swarm_state);

#undef FIX

}  // namespace dfsck
