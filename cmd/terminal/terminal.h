// What kind of thing output goes to.
#pragma once

#include <cstddef>

#include "cmd/options/options.h"
#include "cmd/render/paint.h"

namespace dfsck {

// True for a terminal that understands cursor movement.
bool is_capable_terminal(int fd);

// Columns of the terminal at `fd`; 80 if it does not tell.
size_t terminal_width(int fd);

// Whether standard output is to be coloured, by --color and NO_COLOR (https://no-color.org).
Paint::Use paint_for(ColorMode mode);

// Columns to which prose on standard output is wrapped; 0, not at all, where it is no terminal.
size_t prose_width();

}  // namespace dfsck
