// The images of Docker's first format, one for each layer, which archives of `docker save` still hold.
//
// moby image/image.go:V1Image, image/v1/imagev1.go:CreateID, image/tarexport/save.go:saveImage; the container's
// configuration in it is api/types/container/config.go:Config. The daemon decodes an image config into these structures
// and encodes them again: unknown members are lost, and members stand in the order of the structures.
#pragma once

#include <string>
#include <vector>

#include "core/base/ids.h"
#include "core/codec/json/value.h"

namespace dfsck {

// Whose structures are meant: they differ in little.
enum class V1Style {
  Docker20,  // up to 24
  Docker25,  // since 25: knows the start interval of health checks, and that an image may lack a time
};

// A container configuration as the daemon writes it again; `config` is any JSON.
JsonValue as_container_config(const JsonValue& config, V1Style style);

struct V1Layer {
  std::string id;    // 64 hex digits
  std::string json;  // what the member "json" of the layer holds
};

// One for each layer of the image, base first. `config` is the image's config, `chain` the chain IDs of its layers.
std::vector<V1Layer> v1_layers(const JsonValue& config, const std::vector<ChainId>& chain, V1Style style);

}  // namespace dfsck
