// Names of the kinds of subjects, as they appear in reports.
#include "core/plan/finding.h"

namespace dfsck {

std::string_view subject_kind_name(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::Root: return "root";
    case SubjectKind::Layer: return "layer";
    case SubjectKind::OverlayDir: return "overlay-dir";
    case SubjectKind::Link: return "link";
    case SubjectKind::Image: return "image";
    case SubjectKind::Tag: return "tag";
    case SubjectKind::Container: return "container";
    case SubjectKind::Mount: return "mount";
    case SubjectKind::Volume: return "volume";
    case SubjectKind::Network: return "network";
    case SubjectKind::Database: return "database";
    case SubjectKind::BuildCache: return "build-cache";
    case SubjectKind::File: return "file";
  }
  return "";
}

}  // namespace dfsck
