// Renders the work of loading.
#include "cmd/load_report.h"

#include <algorithm>

#include "cmd/open_root.h"
#include "cmd/render/json_writer.h"
#include "cmd/render/safe_text.h"
#include "core/base/shell_word.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

// "3 images (2 new, 5 new layers)".
std::string load_words(const LoadArchive& archive, const LoadWork& work) {
  return counted(archive.images.size(), "image") + " (" + std::to_string(work.new_images.size()) + " new, with " +
         counted(work.new_layers.size(), "new layer") + ")";
}

bool is_new(const LoadWork& work, size_t image) {
  return std::find(work.new_images.begin(), work.new_images.end(), image) != work.new_images.end();
}

std::vector<std::string> keys_of(const LoadImage& image) {
  std::vector<std::string> keys;
  for (const ReferenceName& name : image.names) {
    keys.push_back(name.key());
  }
  return keys;
}

std::string image_line(const LoadImage& image, bool is_new_image) {
  const std::string names = joined(keys_of(image), ", ");
  return "image " + image.image.id.text() + (names.empty() ? " without a tag" : " " + safe_text(names)) + ": " +
         counted(image.image.chain.size(), "layer") + (is_new_image ? "" : ", there already");
}

std::string layer_line(const LoadLayer& layer, const UnpackedLayer& unpacked) {
  return "layer " + layer.chain.text() + ": " + (layer.made ? "new" : "there already") + ", " +
         human_bytes(unpacked.tree_bytes);
}

// A tag that moves is the one thing that loading takes from somebody. So it is named with what it was.
std::string tag_line(const TagChange& tag) {
  return "tag " + safe_text(tag.name.key()) + ": " +
         (tag.was.empty() ? "new" : "moves from " + safe_text(tag.was) + " to " + tag.id.text());
}

std::string message_of(const Options& options, const LoadArchive& archive, const LoadWork& work,
                       const LoadReport& report) {
  const std::string what = load_words(archive, work);
  if (options.mode == Mode::DryRun) {
    return "nothing was changed: " + what + " would be loaded into " + report.root;
  }
  return report.run.empty() ? "nothing was changed: all of it is in " + report.root + " already"
                            : what + " loaded into " + report.root + "; docker-fsck undo takes that back";
}

// One document for a dry run and for a load, told apart by "dry_run" and by an empty "runs".
std::string as_json(const Options& options, const LoadArchive& archive, const LoadWork& work,
                    const LoadReport& report) {
  JsonWriter json;
  json.object();
  json.key("schema").text("docker-fsck/load/1");
  json.key("version").text(DFSCK_VERSION);
  json.key("root").text(report.root);
  json.key("archive").text(report.archive);
  json.key("dry_run").boolean(options.mode == Mode::DryRun);
  json.key("runs").texts(report.run.empty() ? std::vector<std::string>{} : std::vector<std::string>{report.run});
  json.key("message").text(message_of(options, archive, work, report));
  json.key("images").array();
  for (size_t i = 0; i < archive.images.size(); ++i) {
    const LoadImage& image = archive.images[i];
    json.object();
    json.key("id").text(image.image.id.text());
    json.key("tags").texts(keys_of(image));
    json.key("layers").array();
    for (const ChainId& chain : image.image.chain) {
      json.text(chain.text());
    }
    json.end_array();
    json.key("new").boolean(is_new(work, i));
    json.end_object();
  }
  json.end_array();
  json.key("layers").array();
  for (size_t i = 0; i < work.layers.size(); ++i) {
    const LoadLayer& layer = work.layers[i];
    json.object();
    json.key("chain_id").text(layer.chain.text());
    json.key("diff_id").text(layer.diff.text());
    // Layers that were there already are listed too: an archive's list of layers is complete in any case.
    json.key("new").boolean(layer.made.has_value());
    json.key("size").number(report.layers[i].tree_bytes);
    json.key("entries").number(report.layers[i].entries);
    json.end_object();
  }
  json.end_array();
  json.key("tags").array();
  for (const TagChange& tag : work.tags) {
    json.object();
    json.key("name").text(tag.name.key());
    json.key("id").text(tag.id.text());
    json.key("was").text(tag.was);
    json.end_object();
  }
  json.end_array();
  json.key("notes").texts(archive.notes);
  // A load that failed is another document, with an "error".
  json.key("exit_code").number(0);
  json.end_object();
  return json.take();
}

}  // namespace

Output load_output(const Options& options, const LoadArchive& archive, const LoadWork& work, const LoadReport& report) {
  Output output;
  if (options.format == Format::Json) {
    output.out = as_json(options, archive, work, report);
    return output;
  }
  const auto line = [&](const std::string& text) { output.out += "  " + shown_text(text, options.truncate) + "\n"; };
  for (size_t i = 0; i < archive.images.size(); ++i) {
    line(image_line(archive.images[i], is_new(work, i)));
  }
  for (size_t i = 0; i < work.layers.size(); ++i) {
    line(layer_line(work.layers[i], report.layers[i]));
  }
  for (const TagChange& tag : work.tags) {
    line(tag_line(tag));
  }
  // What in the archive was passed over, so that nobody misses it later.
  for (const std::string& note : archive.notes) {
    line(note);
  }
  output.out += shown_text(message_of(options, archive, work, report), options.truncate) + "\n";
  if (!report.run.empty()) {
    output.out += "next: docker-fsck " + shell_word(report.root) + " checks it\n";
  }
  return output;
}

}  // namespace dfsck
