// Which images and containers the words of `save` mean.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/save/catalogue.h"

namespace dfsck {

// Why words mean nothing, or more than one thing; for people.
struct ChoiceError {
  std::string message;
};

// The images of these words, as docker save understands them (moby image/tarexport/save.go:parseNames): a name with a
// tag is the image with that one name, a name alone the images of all its tags, an id, the beginning of one or a digest
// an image without a name.
std::variant<std::vector<ChosenImage>, ChoiceError> chosen_images(const std::vector<SaveRoot>& roots,
                                                                  const std::vector<std::string>& words);

// Every image, with all its tags; what tags name but what is not there as well.
std::variant<std::vector<ChosenImage>, ChoiceError> every_image(const std::vector<SaveRoot>& roots);

struct ChosenContainer {
  size_t root = 0;
  std::string id;  // name of its directory or of its mount
};
std::variant<ChosenContainer, ChoiceError> chosen_container(const std::vector<SaveRoot>& roots,
                                                            const std::string& word);

// "app:1" for what a user may give as the name of a new image; nothing if it is none, or has a digest.
std::optional<ImageName> new_image_name(const std::string& text);

}  // namespace dfsck
