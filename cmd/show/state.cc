// Choosing findings by subject, by whom they hit, and by path.
#include "cmd/show/state.h"

#include <algorithm>

#include "core/base/escape.h"

namespace dfsck {
namespace {

// What a finding must speak of to touch a thing.
// More than the finding's subject: a container that does not start may be whole itself,
// with the damage in a layer of its image.
struct Concern {
  std::set<std::string> images, containers;  // that it hits, as Affected has them
  std::set<Subject> subjects;
  std::set<std::string> missing;  // ids of what is not there: it is enough that the finding's words name them
  std::string volume;             // its name: words that name a volume do so by it
  std::vector<RelPath> paths;     // it lies there or below
  std::vector<RelPath> shared;    // files in which other things are recorded as well: only what is wrong with all of it
  std::optional<RelPath> only_file;  // of findings about files of layers, only those about this one

  // With its directory and short link: damage is found at any of them.
  void layer(const ShowView& view, const ChainId& chain) {
    subjects.insert({SubjectKind::Layer, chain.text()});
    if (const Layer* layer = view.model.layers.find(chain); layer != nullptr) {
      paths.push_back(layer->path);
    }
    if (const std::optional<CacheId> dir = dir_of_layer(view, chain); dir) {
      directory(view, *dir);
    }
  }
  void directory(const ShowView& view, const CacheId& dir) {
    subjects.insert({SubjectKind::OverlayDir, dir.text()});
    paths.push_back(view.model.overlay.path / dir.text());
    if (const DirTruth* truth = view.derived.find_dir(view.model, dir); truth != nullptr && truth->link) {
      link(view, truth->link->text());
    }
  }
  void link(const ShowView& view, const std::string& name) {
    subjects.insert({SubjectKind::Link, escaped(name)});
    paths.push_back(view.model.overlay.path / "l" / name);
  }
};

void add_stack(const ShowView& view, const std::set<ChainId>& layers, Concern& concern) {
  for (const ChainId& chain : layers) {
    concern.layer(view, chain);
  }
}

// Tags and the files of its config belong to it; its layers are added with the stack.
void add_image(const ShowView& view, const std::string& id, Concern& concern) {
  concern.images.insert(id);
  if (view.model.images.find(*ImageId::parse(id)) == nullptr) {
    concern.missing.insert(id);
  }
  concern.subjects.insert({SubjectKind::Image, id});
  for (const std::string& name : names_of_image(view.model, id)) {
    concern.subjects.insert({SubjectKind::Tag, escaped(name)});
  }
  const std::string hex = id.substr(id.find(':') + 1);
  concern.paths.push_back(view.model.image_path / "imagedb/content/sha256" / hex);
  concern.paths.push_back(view.model.image_path / "imagedb/metadata/sha256" / hex);
  concern.shared.push_back(view.model.image_path / "repositories.json");
}

// Whatever its directory is called: the findings have the name on disk.
void add_container_concern(const ShowView& view, const std::string& id, Concern& concern) {
  concern.containers.insert(escaped(id));
  concern.subjects.insert({SubjectKind::Container, escaped(id)});
  concern.subjects.insert({SubjectKind::Mount, escaped(id)});
  if (const Container* container = view.model.containers.find(id); container != nullptr) {
    concern.paths.push_back(container->path);
  }
  if (const MountTruth* truth = find_mount_truth(view, id); truth != nullptr) {
    concern.paths.push_back(view.model.layers.find_mount(id)->path);
    for (const std::optional<CacheId>& dir : {truth->dir, truth->init_dir}) {
      if (dir) {
        concern.directory(view, *dir);
      }
    }
  }
}

// The directory and those that it stands on.
// What lies below is mounted with it, so its damage is seen through it.
void add_directories(const ShowView& view, const CacheId& id, Concern& concern) {
  std::optional<CacheId> next = id;
  for (size_t depth = 0; next && depth <= kMaxDepth; ++depth) {
    concern.directory(view, *next);
    const DirTruth* truth = view.derived.find_dir(view.model, *next);
    next = truth != nullptr ? truth->parent : std::nullopt;
  }
}

Concern concern_of(const ShowView& view, const Target& target) {
  Concern concern;
  switch (target.kind) {
    case Target::Kind::Image: add_image(view, target.id, concern); break;
    case Target::Kind::Container: add_container_concern(view, target.id, concern); break;
    case Target::Kind::Directory: add_directories(view, *CacheId::parse(target.id), concern); break;
    case Target::Kind::Link: concern.link(view, target.id); break;
    case Target::Kind::Volume:
      concern.subjects.insert({SubjectKind::Volume, escaped(target.id)});
      concern.volume = escaped(target.id);
      if (RelPath::is_component(target.id)) {
        concern.paths.push_back(RelPath("volumes") / target.id);
      }
      concern.shared.push_back(view.model.volumes.database.path);
      break;
    case Target::Kind::Network:
      concern.subjects.insert({SubjectKind::Network, target.id});
      if (!view.model.networks.has_network(target.id)) {
        concern.missing.insert(target.id);
      }
      concern.shared.push_back(view.model.networks.database.path);
      break;
    case Target::Kind::Tag:
      concern.subjects.insert({SubjectKind::Tag, escaped(target.id)});
      concern.shared.push_back(view.model.image_path / "repositories.json");
      break;
    case Target::Kind::LayerFile:
      add_directories(view, *CacheId::parse(target.id), concern);
      concern.only_file = (view.model.overlay.path / target.id / "diff").joined(target.path);
      break;
    // Nothing but the place: of a file that belongs to nothing, no more is known.
    case Target::Kind::File: concern.paths.push_back(target.path); break;
    case Target::Kind::Layer:
      if (view.model.layers.find(*ChainId::parse(target.id)) == nullptr) {
        concern.missing.insert(target.id);
      }
      break;
  }
  if (target.kind != Target::Kind::File) {
    add_stack(view, layers_of(view, target), concern);
  }
  return concern;
}

bool any_in(const std::vector<std::string>& texts, const std::set<std::string>& wanted) {
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) { return wanted.count(text) > 0; });
}

// Wrong with a file that many things are recorded in is only what is wrong with the file as a whole:
// another tag that dangles does not concern this one.
bool touches(const Finding& finding, const Concern& concern) {
  if (concern.only_file && finding.subject.kind == SubjectKind::File && finding.content) {
    return finding.path.is_at_or_below(*concern.only_file) || concern.only_file->is_below(finding.path);
  }
  const auto named = [&](const Subject& subject) { return concern.subjects.count(subject) > 0; };
  const auto is_named_in_words = [&](const auto& arg) {
    return concern.missing.count(arg.second) > 0 ||
           (arg.first == "volume" && arg.second == concern.volume && !concern.volume.empty());
  };
  const auto lies_at = [&](const RelPath& place) { return finding.path.is_at_or_below(place); };
  const bool about_whole_file =
      finding.subject.kind == SubjectKind::File || finding.subject.kind == SubjectKind::Database;
  return named(finding.subject) || std::any_of(finding.args.begin(), finding.args.end(), is_named_in_words) ||
         std::any_of(finding.hits.begin(), finding.hits.end(), named) ||
         any_in(finding.affects.images, concern.images) || any_in(finding.affects.containers, concern.containers) ||
         std::any_of(concern.paths.begin(), concern.paths.end(), lies_at) ||
         (about_whole_file && std::any_of(concern.shared.begin(), concern.shared.end(), lies_at));
}

// Keeps the marked findings and what causes them.
// A finding that is shown without its cause would be looked into at the wrong place.
void keep(std::vector<bool> kept, RootReport& report) {
  for (size_t i = 0; i < report.findings.size(); ++i) {
    for (size_t at = i; kept[i] && report.findings[at].finding.caused_by;) {
      const size_t cause = *report.findings[at].finding.caused_by;
      if (cause >= kept.size() || kept[cause]) {
        break;
      }
      kept[cause] = true;
      at = cause;
    }
  }
  std::vector<size_t> place(kept.size());
  std::vector<ReportedFinding> findings;
  for (size_t i = 0; i < kept.size(); ++i) {
    place[i] = findings.size();
    if (kept[i]) {
      findings.push_back(std::move(report.findings[i]));
    }
  }
  for (ReportedFinding& reported : findings) {
    std::optional<size_t>& cause = reported.finding.caused_by;
    cause = cause && *cause < kept.size() ? std::optional(place[*cause]) : std::nullopt;
  }
  report.findings = std::move(findings);
}

}  // namespace

// What would have to be right for the thing to be right: for a container the layers below it, for a directory its own.
std::set<ChainId> layers_of(const ShowView& view, const Target& target) {
  std::vector<ChainId> layers;
  const std::optional<CacheId> dir = CacheId::parse(target.id);
  switch (target.kind) {
    case Target::Kind::Image:
      if (const Image* image = view.model.images.find(*ImageId::parse(target.id)); image != nullptr) {
        layers = image->chain;
      }
      break;
    case Target::Kind::Layer: layers = stack_up_to(view, ChainId::parse(target.id)); break;
    case Target::Kind::Container: layers = stack_of_mount(view, target.id); break;
    case Target::Kind::Directory:
    case Target::Kind::LayerFile:
      if (const DirTruth* truth = dir ? view.derived.find_dir(view.model, *dir) : nullptr; truth != nullptr) {
        for (const DirOwner& owner : truth->owners) {
          if (const std::optional<ChainId> chain = ChainId::parse(owner.name); chain) {
            layers.push_back(*chain);
          }
        }
      }
      break;
    case Target::Kind::Link:
    case Target::Kind::Volume:
    case Target::Kind::Network:
    case Target::Kind::Tag:
    case Target::Kind::File: break;
  }
  return {layers.begin(), layers.end()};
}

// What is left out is counted: "nothing is wrong with it" must not sound as if it were said of the root.
ShownState show_state(const ShowView& view, const RootReport& report, const std::optional<Target>& target) {
  ShownState state{report, target ? layers_of(view, *target).size() : 0, 0, 0};
  const Concern concern = target ? concern_of(view, *target) : Concern{};
  std::vector<bool> kept(report.findings.size());
  for (size_t i = 0; i < kept.size(); ++i) {
    kept[i] = target && touches(report.findings[i].finding, concern);
  }
  keep(kept, state.report);
  for (ReportedFinding& reported : state.report.findings) {
    reported.finding.path = view.prefix.joined(reported.finding.path);
  }
  state.report.below.clear();
  state.other_errors = report.count(Severity::Error) - state.report.count(Severity::Error);
  state.other_warnings = report.count(Severity::Warning) - state.report.count(Severity::Warning);
  return state;
}

}  // namespace dfsck
