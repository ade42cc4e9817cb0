// Model: everything that was read of one root, before anybody judges it.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/model/containers.h"
#include "core/model/databases.h"
#include "core/model/host.h"
#include "core/model/images.h"
#include "core/model/layers.h"
#include "core/model/other_stores.h"
#include "core/model/overlay.h"
#include "core/model/owners.h"
#include "core/model/root_entries.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

// A plain value. scan() makes it, with_configs (core/heal/configs.h) adds what only donors have; who judges it gets it
// const. Safe to read from many threads.
struct Model {
  std::string driver;           // "overlay2", "fuse-overlayfs"; another driver's name; empty if the root is empty
  RelPath image_path;           // "image/<driver>"
  bool driver_covered = false;  // the driver's directories are scanned into `overlay`
  RootOwners owners;

  HostFacts host;
  RootEntries entries;
  LayerStore layers;
  OverlayStore overlay;
  ImageStore images;
  ContainerStore containers;
  VolumeStore volumes;
  NetworkStore networks;
  BuildCache build_cache;
  UncoveredDriver uncovered_driver;  // of `driver`, unless that is covered
  ContainerdStore containerd_store;

  std::vector<ScanFailure> failures;  // sorted

  // All databases that were read, there or not, in the order of their areas.
  std::vector<const Database*> databases() const;
};

// A repair of ours that is going on while a root is looked at: its journal has no end yet, and the locks on the
// daemon's databases are our own.
struct OwnRepair {
  std::string run;
};

// Reads the root with up to `jobs` threads. Never judges, never writes, never follows a symbolic link. An Error only
// where nothing of Docker's is there at all, or where the process ran short of something; a cancelled scan gives what
// it has. The result is the same at any `jobs`.
Result<Model> scan(const Root& root, unsigned jobs, const Cancel& cancel, Progress& progress,
                   const OwnRepair& own = {});

// One scanner per area. Each fills its part of the model and appends its failures.
void scan_root_entries(const Root& root, Model& model);  // also chooses the driver
void scan_host(const Root& root, Model& model);
void scan_layers(const Root& root, unsigned jobs, const Cancel& cancel, Model& model);
void scan_overlay(const Root& root, unsigned jobs, const Cancel& cancel, Progress& progress, Model& model);
void scan_images(const Root& root, unsigned jobs, const Cancel& cancel, Model& model);
void scan_containers(const Root& root, unsigned jobs, const Cancel& cancel, Model& model);
void scan_volumes(const Root& root, Model& model);
void scan_networks(const Root& root, Model& model);
void scan_build_cache(const Root& root, Model& model);
void scan_swarm_and_plugins(const Root& root, Model& model);
void scan_leftovers(const Root& root, Model& model);
void scan_other_stores(const Root& root, Model& model);
void scan_owners(const Root& root, Model& model);  // after all others

}  // namespace dfsck
