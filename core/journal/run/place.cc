// Names and directories of runs.
#include "core/journal/run/place.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "core/base/text.h"
#include "core/base/try.h"
#include "core/fs/lock.h"
#include "core/fs/write/removed.h"
#include "core/fs/write/writer.h"
#include "core/journal/run/keep_place.h"
#include "core/journal/run/log.h"
#include "core/journal/run/removal.h"
#include "core/plan/expect.h"

namespace dfsck {
namespace {

constexpr size_t kTimeLength = 16;  // 20260101T000000Z
constexpr size_t kRandomLength = 8;

std::string formatted(time_t time, const char* format) {
  std::tm parts{};
  std::array<char, 32> buffer{};
  ::gmtime_r(&time, &parts);
  const size_t length = std::strftime(buffer.data(), buffer.size(), format, &parts);
  return {buffer.data(), length};
}

std::optional<time_t> time_of_id(const std::string& id) {
  std::tm parts{};
  const char* end = ::strptime(id.c_str(), "%Y%m%dT%H%M%SZ-", &parts);
  return end == id.c_str() + kTimeLength + 1 ? std::optional(::timegm(&parts)) : std::nullopt;
}

// Ids differ by their second already; this keeps the name of a run that was purged from coming back at once. No
// secret hangs on it.
std::string random_hex() {
  uint32_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) {
    number = static_cast<uint32_t>(::clock());  // only keeps names apart; a name that is taken is an error
  }
  std::array<char, kRandomLength + 1> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%08x", number);
  return buffer.data();
}

// Undo goes by the order of ids, newest first, and a clock can be set back: a new id is a second behind the newest
// there is, whatever the clock says.
Result<std::string> new_id(const Dir& own) {
  ASSIGN_OR_RETURN(const std::vector<DirEntry> entries, own.list());
  time_t time = std::time(nullptr);
  for (const DirEntry& entry : entries) {
    if (const auto other = is_run_id(entry.name) ? time_of_id(entry.name) : std::nullopt; other) {
      time = std::max(time, *other + 1);
    }
  }
  return formatted(time, "%Y%m%dT%H%M%SZ") + "-" + random_hex();
}

// Whether a step that may have happened has moved something to or from the place.
bool keeps_something_in(const RunLog& log, size_t keep) {
  return std::any_of(log.steps.begin(), log.steps.end(), [&](const LoggedStep& logged) {
    const bool may_have_happened = logged.state == LoggedStep::State::Intended ||
                                   logged.state == LoggedStep::State::Done ||
                                   logged.state == LoggedStep::State::UndoIntended;
    return may_have_happened && logged.trace.keep == keep;
  });
}

// Durable before the journal is made in it: a journal must never name places that a crash takes away.
Result<void> fill_run_directory(const Dir& own, const std::string& id) {
  ASSIGN_OR_RETURN(const Dir run, own.open_dir(id));
  for (const char* name : {"saved", "quarantine"}) {
    TRY(make_directory(run, name, 0700));
  }
  TRY(sync_directory(run));
  return sync_directory(own);
}

// Keeps the numbers of the places: what has no directories and was not used must not shift those behind it.
KeepPlace closed_place(const RelPath& directory) {
  const auto closed = [&] { return Dir(Fd(), directory.text() + "/" + kOwnDirectory); };
  return {directory, closed(), closed(), closed()};
}

}  // namespace

std::string utc_now() { return formatted(std::time(nullptr), "%Y-%m-%dT%H:%M:%SZ"); }

bool is_run_id(std::string_view name) {
  return name.size() == kTimeLength + 1 + kRandomLength && name[8] == 'T' && name[15] == 'Z' && name[16] == '-' &&
         is_lower_hex(name.substr(kTimeLength + 1)) && parse_uint64(name.substr(0, 8)) &&
         parse_uint64(name.substr(9, 6));
}

Result<RunPlace> make_run_place(const Root& root, const Dir& own, std::vector<Dir>& spare) {
  ASSIGN_OR_RETURN(const std::string id, new_id(own));
  TRY(make_directory(own, id, 0700));
  // Through the same function that opens runs of the past: what a later recovery will not find is missed here, while
  // nothing has happened.
  const Result<void> filled = fill_run_directory(own, id);
  Result<RunPlace> place = filled ? open_run_place(root, own, id, RunLog{}) : filled.error();
  if (!place) {
    spare.clear();
    Removed removed;
    TRY(remove_run_directory(own, id, removed));
    return place.error();
  }
  return place;
}

Result<RunPlace> open_run_place(const Root& root, const Dir& own, const std::string& id, const RunLog& log) {
  Result<Dir> top = root.open_dir(RelPath());
  Result<Dir> run = own.open_dir(id);
  if (!top || !run) {
    return top ? run.error() : top.error();
  }
  RunPlace place{&root, id, std::move(*top), std::move(*run), {}};
  ASSIGN_OR_RETURN(KeepPlace roots, open_keep_place(root, RelPath(), id));
  place.keeps.push_back(std::move(roots));
  // A place that is missing matters only if something lies in it: the run may have been cut off before it was made.
  // An area that is not mounted now looks the same, hence the advice.
  for (size_t i = 0; i < log.keeps.size(); ++i) {
    Result<KeepPlace> keep = open_keep_place(root, log.keeps[i], id);
    if (!keep && (!means_absent(keep.error()) || keeps_something_in(log, i + 1))) {
      return means_absent(keep.error())
                 ? format_error("open repair", (log.keeps[i] / kOwnDirectory / id).text(),
                                "what the repair keeps there is missing: mount the filesystem of " +
                                    log.keeps[i].text() + " first")
                 : keep.error();
    }
    place.keeps.push_back(keep ? std::move(*keep) : closed_place(log.keeps[i]));
  }
  return place;
}

const KeepPlace& RunPlace::keep_of(const LoggedStep& logged) const { return keeps[logged.trace.keep]; }

}  // namespace dfsck
