// What is wrong with one image refuses the archive.
#include "core/load/archive.h"

#include <sys/utsname.h>

#include <algorithm>
#include <map>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/codec/json/json.h"
#include "core/model/records/image_config.h"

namespace dfsck {
namespace {

constexpr size_t kNameShown = 100;

Error refuse(const Donor& donor, const std::string& why) { return format_error("load", escaped(donor.path()), why); }

// What Go calls this machine.
// Other machines get an empty name, which no image has: then a name that several images share stays refused.
std::string_view architecture_here() {
  utsname name{};
  ::uname(&name);
  const std::string_view machine = name.machine;
  return machine == "x86_64"    ? "amd64"
         : machine == "aarch64" ? "arm64"
         : machine == "ppc64le" ? "ppc64le"
         : machine == "s390x"   ? "s390x"
                                : "";
}

bool is_for_here(const LoadImage& image) {
  const Result<JsonValue> config = parse_json(image.config);
  const std::string* architecture = config ? config->get("architecture").as_string() : nullptr;
  return architecture != nullptr && *architecture == architecture_here();
}

// docker save and its imitators give whole names; in OCI layouts a name is what its maker liked.
// The daemon refuses an archive of its own kind with a name that is no tag; an OCI layout is free to use any text
// there.
Result<std::vector<ReferenceName>> names_of(const DonorImage& image, const Donor& donor,
                                            std::vector<std::string>& notes) {
  std::vector<ReferenceName> names;
  for (const std::string& text : image.names) {
    std::optional<ReferenceName> name = parse_reference_name(text);
    if (name && !name->tag.empty() && name->digest.empty()) {
      const auto same = [&](const ReferenceName& known) { return known.key() == name->key(); };
      if (std::none_of(names.begin(), names.end(), same)) {
        names.push_back(std::move(*name));
      }
    } else if (donor.kind() == DonorKind::DockerArchive) {
      return refuse(donor, "the image " + image.id.text() + " has the name \"" + escaped_excerpt(text, kNameShown) +
                               "\", which is none with a tag");
    } else {
      notes.push_back("the name \"" + escaped_excerpt(text, kNameShown) + "\" of " + image.id.text() +
                      " is none with a tag, so the image gets none");
    }
  }
  return names;
}

// All that a daemon would refuse, before a byte is written: an image that it does not load at its next start is an
// image that was never loaded.
Result<LoadImage> judge_donor_image(const DonorImage& image, const Donor& donor, std::vector<std::string>& notes) {
  const std::string what = "the image " + image.id.text() + " ";
  LoadImage load{Image(image.id), image.config, {}, image.parent};
  parse_image_config(image.config, load.image);
  if (!load.image.unusable.empty()) {
    return refuse(donor, what + "cannot be used: " + load.image.unusable);
  }
  if (load.image.diff_ids.size() > kMaxImageLayers) {
    return refuse(donor, what + "has " + counted(load.image.diff_ids.size(), "layer") + "; a daemon takes at most " +
                             std::to_string(kMaxImageLayers));
  }
  for (const DiffId& diff : load.image.diff_ids) {
    if (!donor.has_layer(diff)) {
      return refuse(donor, what + "lacks its layer " + diff.text());
    }
  }
  ASSIGN_OR_RETURN(std::vector<ReferenceName> names, names_of(image, donor, notes));
  load.names = std::move(names);
  return load;
}

// A name of several images is the one's that is made for this machine.
// A tag leads to one image. Archives for several platforms use one name for all of them, and what is wanted here is
// the one for this machine.
Result<void> settle_shared_names(LoadArchive& archive) {
  std::map<std::string, std::vector<LoadImage*>> owners;
  for (LoadImage& image : archive.images) {
    for (const ReferenceName& name : image.names) {
      owners[name.key()].push_back(&image);
    }
  }
  for (const auto& [key, images] : owners) {
    if (images.size() == 1) {
      continue;
    }
    if (std::count_if(images.begin(), images.end(), [](const LoadImage* image) { return is_for_here(*image); }) != 1) {
      return refuse(archive.donor, counted(images.size(), "image") + " have the name " + key);
    }
    for (LoadImage* image : images) {
      if (!is_for_here(*image)) {
        std::erase_if(image->names, [&, &name = key](const ReferenceName& each) { return each.key() == name; });
      }
    }
  }
  return {};
}

}  // namespace

// One image that cannot be loaded refuses all of them: half of an archive is not what somebody asked for.
Result<LoadArchive> judge_archive(Donor donor) {
  if (!donor.problems().empty()) {
    return donor.problems().front();
  }
  if (donor.kind() == DonorKind::V1Archive) {
    return refuse(donor,
                  "it has no manifest.json and no index.json: a docker save before 1.10, or no archive of images");
  }
  if (donor.images().empty()) {
    return refuse(donor, "there is no image in it");
  }
  LoadArchive archive{std::move(donor), {}, {}};
  for (const DonorImage& image : archive.donor.images()) {
    ASSIGN_OR_RETURN(LoadImage load, judge_donor_image(image, archive.donor, archive.notes));
    archive.images.push_back(std::move(load));
  }
  TRY(settle_shared_names(archive));
  return Result<LoadArchive>(std::move(archive));
}

}  // namespace dfsck
