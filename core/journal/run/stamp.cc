// A small JSON file, replaced as a whole.
#include "core/journal/run/stamp.h"

#include <fcntl.h>

#include <cerrno>

#include "core/base/text.h"
#include "core/base/try.h"
#include "core/codec/json/json.h"
#include "core/fs/lock.h"
#include "core/fs/write/writer.h"
#include "core/journal/run/place.h"

namespace dfsck {
namespace {

constexpr const char* kStamp = "stamp";
constexpr const char* kNewStamp = "stamp.new";
constexpr size_t kLimit = 4096;

}  // namespace

// The mark only holds for the boot that it was made in: after another boot the machine may have crashed in between,
// and that is what `--if-unclean` asks about.
std::string current_boot_id() {
  const Result<Root> random = Root::open("/proc/sys/kernel/random");
  const Result<std::string> text = random ? random->read_small("boot_id", kLimit) : random.error();
  return text ? std::string(trimmed(*text)) : std::string();
}

// Whatever is not a good stamp leads to a check, which is always right; only a stamp that could not be looked for is
// an error.
Result<std::optional<Stamp>> read_stamp(const Root& root) {
  const Result<std::string> text = root.read_small(RelPath(kOwnDirectory) / kStamp, kLimit);
  if (!text) {
    const Error& error = text.error();
    const bool nothing =
        error.kind != Error::Kind::Io || error.is_io(ENOENT) || error.is_io(ENOTDIR) || error.is_io(ELOOP);
    return nothing ? Result(std::optional<Stamp>()) : error;
  }
  const Result<JsonValue> value = parse_json(*text);
  const std::string* boot = value ? value->get("boot_id").as_string() : nullptr;
  const std::string* finished = value ? value->get("finished").as_string() : nullptr;
  const std::optional<bool> clean = value ? value->get("clean").as_bool() : std::nullopt;
  if (boot == nullptr || finished == nullptr || !clean) {
    return std::optional<Stamp>();
  }
  return std::optional(Stamp{*boot, *finished, *clean ? Stamp::Verdict::Clean : Stamp::Verdict::Damaged});
}

Result<void> write_stamp(const Root& root, Stamp::Verdict verdict) {
  ASSIGN_OR_RETURN(const RootLock lock, RootLock::take(root));
  const Dir& own = lock.own();
  const std::string text =
      to_go_json(JsonValue::object({{"boot_id", JsonValue::string(current_boot_id())},
                                    {"finished", JsonValue::string(utc_now())},
                                    {"clean", JsonValue::boolean(verdict == Stamp::Verdict::Clean)}}));
  // Of a run that was cut off in between; files are only ever made new here, never written over.
  if (own.stat(kNewStamp)) {
    TRY(remove_object(own, kNewStamp));
  }
  ASSIGN_OR_RETURN(const Fd fd, make_file(own, kNewStamp, text + "\n"));
  TRY(sync_data(fd.get(), kNewStamp));
  // The one object that is replaced and not kept: it is ours alone, and a check makes another at any time.
  TRY(move_over(own, kNewStamp, own, kStamp));
  return sync_directory(own);
}

}  // namespace dfsck
