// A line for each image, and what is wrong with those that cannot be saved.
#include "cmd/render/save.h"

#include <algorithm>
#include <set>

#include "cmd/render/json_writer.h"
#include "cmd/render/safe_text.h"
#include "core/base/escape.h"
#include "core/base/text.h"

namespace dfsck {
namespace {

constexpr size_t kShownFiles = 20;  // bad files of a layer, without --no-trunc

// Names first, for people, and the whole id for whoever compares.
std::string image_in_words(const SavedImage& image) {
  std::string words;
  for (const ImageName& name : image.names) {
    words += (words.empty() ? "" : ", ") + escaped(name.text());
  }
  if (!image.container.empty()) {
    words += (words.empty() ? "container " : ", container ") + escaped(image.container);
  }
  return words.empty() ? image.id.text() : words + " (" + image.id.text() + ")";
}

uint64_t bytes_of(const SavedImage& image, const SaveCatalogue& catalogue) {
  uint64_t bytes = image.config.size();
  for (const size_t layer : image.layers) {
    bytes += catalogue.layers()[layer].size;
  }
  return bytes;
}

std::string image_line(const SavedImage& image, const SaveCatalogue& catalogue) {
  return "  " + image_in_words(image) + ": " + counted(image.layers.size(), "layer") + ", " +
         human_bytes(bytes_of(image, catalogue)) + "\n";
}

std::string layer_lines(const SavedLayer& layer, Truncate truncate) {
  std::string text;
  for (const std::string& problem : layer.problems) {
    text += "    " + problem + "\n";
  }
  const size_t shown =
      truncate == Truncate::No ? layer.bad_files.size() : std::min(layer.bad_files.size(), kShownFiles);
  for (size_t i = 0; i < shown; ++i) {
    text += "    " + layer.bad_files[i] + "\n";
  }
  if (shown < layer.bad_files.size()) {
    text += "    and " + counted(layer.bad_files.size() - shown, "file") + " more; --no-trunc lists them\n";
  }
  return text;
}

// Each damaged layer with its files once, under the first image that has it.
// A base layer is under most images of a root; its files would fill the screen for each of them.
std::string damage_lines(const SaveCatalogue& catalogue, Truncate truncate) {
  std::string text;
  std::set<size_t> told;
  for (const SavedImage& image : catalogue.images()) {
    const std::string problem = catalogue.problem_of(image);
    if (problem.empty()) {
      continue;
    }
    text += "  " + image_in_words(image) + ": " + problem + "\n";
    for (const size_t layer : image.layers) {
      if (!catalogue.layers()[layer].usable() && told.insert(layer).second) {
        text += layer_lines(catalogue.layers()[layer], truncate);
      }
    }
  }
  return text;
}

// Without --keep-going nothing at all is written when one image cannot be: an archive that
// lacks something is easily taken for a backup.
std::string closing_line(const SaveReport& report, const SaveCatalogue& catalogue) {
  const std::string images = counted(report.result.images.size(), "image");
  const size_t missing = catalogue.images().size() - report.result.images.size();
  const std::string left_out = missing == 0 ? "" : "; " + counted(missing, "image") + " cannot be saved";
  const std::string what =
      images + ", " + human_bytes(report.result.bytes) + ", " + std::string(archive_format_name(report.format));
  if (report.dry_run) {
    return "nothing was written: " + what + " would be saved" + left_out + "\n";
  }
  if (!report.result.written) {
    return "nothing was saved: " + counted(missing, "image") + " cannot be saved" +
           (report.result.images.empty() ? "" : "; --keep-going saves the others") + "\n";
  }
  return "saved to " + (report.output == "-" ? "standard output" : escaped(report.output)) + ": " + what + left_out +
         "\n";
}

// All images that were asked for, with "problem" for those that the archive lacks: a
// program compares names with what it wanted.
void write_image(const SavedImage& image, const SaveCatalogue& catalogue, JsonWriter& json) {
  const std::string problem = catalogue.problem_of(image);
  json.object();
  json.key("id").text(image.id.text());
  json.key("names").array();
  for (const ImageName& name : image.names) {
    json.text(escaped(name.text()));
  }
  json.end_array();
  json.key("container");
  image.container.empty() ? json.null() : json.text(escaped(image.container));
  json.key("layers").array();
  for (const size_t layer : image.layers) {
    json.text(catalogue.layers()[layer].diff.text());
  }
  json.end_array();
  json.key("bytes").number(bytes_of(image, catalogue));
  json.key("problem");
  problem.empty() ? json.null() : json.text(problem);
  json.end_object();
}

// Apart from the images, since several share one.
void write_layer(const SavedLayer& layer, JsonWriter& json) {
  json.object();
  json.key("diff_id").text(layer.diff.text());
  json.key("usable").boolean(layer.usable());
  json.key("bytes").number(layer.size);
  json.key("problems").texts(layer.problems);
  json.key("bad_files").texts(layer.bad_files);
  json.end_object();
}

}  // namespace

std::string render_save_text(const SaveReport& report, const SaveCatalogue& catalogue, const Options& options) {
  std::string text;
  for (const std::string& warning : report.warnings) {
    text += "warning: " + warning + "\n";
  }
  if (options.detail != Detail::Quiet && (report.dry_run || report.result.written)) {
    for (const size_t index : report.result.images) {
      text += image_line(catalogue.images()[index], catalogue);
    }
  }
  const std::string damage = damage_lines(catalogue, options.truncate);
  text += damage.empty() ? "" : "cannot be saved:\n" + damage;
  text += closing_line(report, catalogue);
  std::string shown;  // line by line: a line end that is not ours gets escaped
  for (const std::string_view line : split(std::string_view(text).substr(0, text.size() - 1), '\n')) {
    shown += shown_text(line, options.truncate) + "\n";
  }
  return shown;
}

std::string render_save_json(const SaveReport& report, const SaveCatalogue& catalogue) {
  JsonWriter json;
  json.object();
  json.key("schema").text("docker-fsck/save/1");
  json.key("version").text(DFSCK_VERSION);
  json.key("root").text(report.root);
  json.key("output");
  report.output.empty() ? json.null() : json.text(escaped(report.output));
  json.key("format").text(archive_format_name(report.format));
  json.key("dry_run").boolean(report.dry_run);
  json.key("written").boolean(report.result.written);
  json.key("complete").boolean(report.result.complete);
  json.key("bytes").number(report.result.bytes);
  json.key("warnings").texts(report.warnings);
  json.key("images").array();
  for (const SavedImage& image : catalogue.images()) {
    write_image(image, catalogue, json);
  }
  json.end_array();
  json.key("layers").array();
  for (const SavedLayer& layer : catalogue.layers()) {
    write_layer(layer, json);
  }
  json.end_array();
  json.key("exit_code").number(report.exit_code);
  json.end_object();
  return json.take();
}

}  // namespace dfsck
