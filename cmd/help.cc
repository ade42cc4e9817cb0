// Lays out the table of options in two columns.
#include "cmd/help.h"

#include <algorithm>

#include "cmd/options/option_table.h"
#include "cmd/render/safe_text.h"

namespace dfsck {
namespace {

// Whatever the terminal: the same text goes into bug reports and pages.
constexpr size_t kWidth = 80;
constexpr size_t kColumn = 24;

std::string option_line(const OptionRow& row) {
  std::string line = row.letter != 0 ? std::string("  -") + row.letter + ", " : std::string("      ");
  line.append("--").append(row.name);
  if (!row.argument.empty()) {
    line.append(" ").append(row.argument);
  }
  line.resize(std::max(line.size() + 1, kColumn), ' ');
  return line + wrapped(row.help, kWidth, kColumn, std::string(kColumn, ' ')) + "\n";
}

}  // namespace

// Made from the table of options, so that none can be forgotten; the manual page
// is compared with the same table by a test.
std::string help_text() {
  std::string text =
      "docker-fsck checks a Docker data root (/var/lib/docker) for damage and repairs it.\n"
      "\n"
      "usage: docker-fsck [OPTIONS] [ROOT]                    check ROOT, and repair it\n"
      "       docker-fsck apply [OPTIONS] PLAN                make the repair of --plan\n"
      "       docker-fsck undo [OPTIONS] [ROOT [RUN]]         take the newest repair back\n"
      "       docker-fsck recover [OPTIONS] [ROOT]            finish a repair that was cut off\n"
      "       docker-fsck history [OPTIONS] [ROOT]            the repairs that were made\n"
      "       docker-fsck purge [OPTIONS] [ROOT [RUN]]        delete what repairs have moved aside\n"
      "       docker-fsck load [OPTIONS] -i FILE              put images into a root\n"
      "       docker-fsck show [OPTIONS] [WHAT]               what it is and what hangs on it\n"
      "       docker-fsck migrate [OPTIONS] SOURCE TARGET     move a root to another disk, verified\n"
      "       docker-fsck save [OPTIONS] -o FILE IMAGE...     write images as docker save does\n"
      "       docker-fsck explain CODE|SLUG|'DAEMON MESSAGE'  what it means and what to do\n"
      "       docker-fsck list problems                       everything that can be found\n"
      "       docker-fsck help                                this help\n"
      "\n"
      "ROOT defaults to data-root in /etc/docker/daemon.json, else /var/lib/docker;\n"
      "for an ordinary user to $XDG_DATA_HOME/docker, else ~/.local/share/docker.\n"
      "WHAT is an image, layer, container, volume, network or short link, by name or id,\n"
      "or a path below the root that --root names.\n"
      "\n"
      "options:\n";
  for (const OptionRow& row : all_options()) {
    text += option_line(row);
  }
  return text +
         "\n"
         "exit code, a sum: 0 nothing is wrong, 1 all problems were repaired, 4 problems\n"
         "are left, 8 the check or the repair failed or had to leave something out, 16 the\n"
         "command line was wrong, 32 cancelled.\n"
         "More: man docker-fsck, man docker-fsck-problems\n";
}

std::string version_text() { return std::string("docker-fsck ") + DFSCK_VERSION + "\n"; }

}  // namespace dfsck
