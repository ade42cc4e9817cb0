// Invariant: layers do not rot by themselves. What the damaged files have in common tells what to look for on the host.
#include <map>

#include "checks/checks.h"
#include "checks/content/damage_class.h"
#include "checks/input.h"

namespace dfsck {
namespace {

using Counts = std::map<DamageClass, uint64_t>;

// Empty where the class alone tells nothing.
// Files that are longer, gone or of another type can be anybody's doing. A guess that is wrong half of
// the time sends people to test their memory for nothing.
std::string_view suspicion(DamageClass damage) {
  switch (damage) {
    case DamageClass::Empty:
    case DamageClass::Short:
    case DamageClass::Zeros:
      return "Empty, cut off and zeroed files are writes that never reached the disk: a power loss, a crash, a full "
             "disk, "
             "or a disk that says too early that it has written.";
    case DamageClass::WrongBit:
    case DamageClass::WrongByte:
      return "Single wrong bits and bytes come from memory, cables or controllers: test the memory.";
    case DamageClass::WrongSector:
    case DamageClass::WrongBlock:
      return "Single blocks with other bytes come from the disk or its controller: read its SMART log, and the "
             "kernel's.";
    case DamageClass::Swapped:
      return "Files with each other's bytes come from a filesystem whose own structure is damaged: run its fsck.";
    case DamageClass::MetadataOnly:
      return "Wrong owners, modes, attributes and links around right bytes come from tools, mostly from a copy that "
             "did "
             "not keep them (cp -r, rsync without -HAX) or a chown or chmod over the root.";
    case DamageClass::Long:
    case DamageClass::OtherBytes:
    case DamageClass::Gone:
    case DamageClass::OtherType: return "";
  }
  return "";
}

// Damaged contents of all layers come first: two files that hold each other's bytes
// are seen as such only when both are known.
Counts count(const ContentResults& content) {
  DamagedContents damaged;
  for (const LayerVerdict& verdict : content.layers) {
    add_damaged_contents(verdict, damaged);
  }
  Counts counts;
  for (size_t layer = 0; layer < content.layers.size(); ++layer) {
    const LayerVerdict& verdict = content.layers[layer];
    // Of what is gone as a whole, or is another tree, single files say nothing.
    if (verdict.tree_lost || describes_another_tree(verdict)) {
      continue;
    }
    for (size_t i = 0; i < verdict.issues.size(); ++i) {
      if (const auto damage = damage_class(verdict.issues[i], content.find_remedy(layer, i), damaged)) {
        ++counts[*damage];
      }
    }
  }
  return counts;
}

std::string suggested_by(const Counts& counts) {
  std::string text;
  std::string_view last;
  for (const auto& [damage, number] : counts) {
    if (const std::string_view next = suspicion(damage); !next.empty() && next != last) {
      text.append(text.empty() ? "" : " ").append(next);
      last = next;
    }
  }
  return text;
}

}  // namespace

// Information of its own, since it changes nothing about any single finding. It is for what cannot be
// checked: volumes and writable layers have no reference, and the same cause has reached them too.
void check_damage_pattern(const CheckInput& input, FindingSink& sink) {
  const Counts counts = count(input.content);
  const std::string suggests = suggested_by(counts);
  if (suggests.empty()) {
    return;
  }
  std::string classes;
  for (const auto& [damage, number] : counts) {
    classes += (classes.empty() ? "" : ", ") + std::to_string(number) + " " + std::string(damage_class_text(damage));
  }
  Finding& finding = sink.add(problem::damage_pattern, kRootSubject, RelPath());
  finding.args["classes"] = classes;
  finding.args["suggests"] = suggests;
}

}  // namespace dfsck
