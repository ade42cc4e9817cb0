// What is known of each driver, and the way that works for those that a copy would break.
#include "core/migrate/plan/driver_fit.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace dfsck {
namespace {

constexpr std::array<std::string_view, 4> kUnmovable{"btrfs", "devicemapper", "windowsfilter", "zfs"};

// Works for every driver, and leads to a root of overlay2.
std::vector<std::string> by_archives() {
  return {"While the old daemon runs, save the images, and what containers wrote as images of its own:",
          "    docker commit CONTAINER NAME:TAG",
          "    docker save -o images.tar $(docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -v '<none>')",
          "Stop Docker and copy the volumes, with their database:",
          "    mkdir -p TARGET && rsync -aHAXS --numeric-ids SOURCE/volumes TARGET/",
          "Set \"data-root\" to TARGET in daemon.json, without a \"storage-driver\", and start Docker:",
          "    docker load -i images.tar",
          "Networks and containers are created anew; docker inspect on the old daemon tells how they were made."};
}

void add(std::vector<std::string>& lines, std::vector<std::string> more) {
  lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

// A copy of files is right where layers are files. A driver whose layers are volumes or devices would leave behind a
// root that looks whole and has none.
DriverFit fit_of_driver(std::string_view driver) {
  if (driver.empty() || driver == "overlay2" || driver == "fuse-overlayfs") {
    return {};
  }
  if (driver == "btrfs") {
    DriverFit fit{DriverFit::Kind::Unmovable,
                  "each layer is a btrfs subvolume, and the daemon finds no layer in a directory that is none",
                  by_archives()};
    add(fit.recipe,
        {"Or keep the driver. The whole filesystem goes to another disk, while Docker runs, by:",
         "    btrfs replace start OLD-DEVICE NEW-DEVICE MOUNT-POINT",
         "To another btrfs, with Docker stopped, copy all but btrfs/subvolumes, and each of those as a subvolume:",
         "    btrfs subvolume snapshot -r SOURCE/btrfs/subvolumes/ID SOURCE/ID",
         "    btrfs send SOURCE/ID | btrfs receive TARGET/btrfs/subvolumes",
         "    btrfs property set -f TARGET/btrfs/subvolumes/ID ro false"});
    return fit;
  }
  if (driver == "zfs") {
    DriverFit fit{DriverFit::Kind::Unmovable,
                  "each layer is a zfs dataset that is mounted only while it is used: a copy does not even see it",
                  by_archives()};
    add(fit.recipe, {"Or keep the driver. The dataset of the root goes to another pool, with Docker stopped, by:",
                     "    zfs snapshot -r POOL/DATASET@move",
                     "    zfs send -R POOL/DATASET@move | zfs receive -u OTHER-POOL/DATASET"});
    return fit;
  }
  if (driver == "devicemapper") {
    return {DriverFit::Kind::Unmovable,
            "its layers are devices in a thin pool, not files, and daemons from 25 on cannot read them at all",
            by_archives()};
  }
  if (driver == "windowsfilter") {
    return {DriverFit::Kind::Unmovable,
            "its layers are of Windows, which alone can read and write them",
            {"On the Windows host: docker save -o images.tar IMAGE..., then docker load -i images.tar where they are "
             "wanted."}};
  }
  return {DriverFit::Kind::PlainTrees, "", {}};
}

// Also of drivers that the root used before: their images are there, though no daemon shows them.
std::vector<std::string> unmovable_drivers(const Model& model) {
  const auto has = [](const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  std::vector<std::string> drivers;
  for (const std::string_view driver : kUnmovable) {
    if (model.driver == driver || has(model.entries.driver_dirs, driver) || has(model.entries.image_drivers, driver)) {
      drivers.emplace_back(driver);
    }
  }
  return drivers;
}

}  // namespace dfsck
