#!/usr/bin/perl
# Prints every name of the standard library that a source file uses without including its header, itself or through
# headers of the project. That a standard header brings another one along holds for one version of one library only.
#
#   lint_includes.pl FILE...     from the top directory
use strict;
use warnings;

my %names = (
  algorithm => 'sort|stable_sort|any_of|all_of|none_of|find|find_if|find_if_not|find_end|count|count_if|copy|copy_if|copy_n|remove|'
    . 'remove_if|min|max|minmax|min_element|max_element|lower_bound|upper_bound|equal_range|binary_search|unique|reverse|'
    . 'rotate|transform|replace|fill|fill_n|generate|clamp|equal|mismatch|is_sorted|partition|stable_partition|'
    . 'partition_point|set_difference|set_intersection|set_union|includes|merge|nth_element|partial_sort|shuffle|'
    . 'lexicographical_compare|for_each|search|adjacent_find|push_heap|pop_heap|make_heap',
  array => 'array|to_array', atomic => 'atomic|atomic_flag|memory_order_\w+', bit => 'bit_cast|countr_zero|countl_zero|popcount|bit_width|endian',
  charconv => 'from_chars|to_chars', chrono => 'chrono', condition_variable => 'condition_variable',
  cstdio => 'snprintf|printf|fprintf|fputs|fwrite|fflush|FILE', cstdlib => 'getenv|abort|strtol|strtoul|strtoll|strtoull|_Exit|exit',
  cstring => 'memcpy|memcmp|memset|memmove|memchr|strlen|strcmp|strncmp|strchr', ctime => 'time_t|gmtime|strftime|tm',
  deque => 'deque', exception => 'exception|exception_ptr|current_exception|rethrow_exception|terminate', filesystem => 'filesystem',
  fstream => 'ifstream|ofstream|fstream', functional => 'function|greater|hash|ref|cref', iomanip => 'setw|setfill|setprecision',
  iostream => 'cout|cerr|cin', iterator => 'back_inserter|make_move_iterator|istreambuf_iterator|distance|next|prev|advance',
  limits => 'numeric_limits', list => 'list', map => 'map|multimap', memory => 'unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared',
  mutex => 'mutex|lock_guard|unique_lock|scoped_lock|once_flag|call_once', numeric => 'accumulate|iota|reduce',
  optional => 'optional|nullopt', queue => 'queue|priority_queue', random => 'mt19937|mt19937_64|random_device|uniform_int_distribution',
  regex => 'regex|smatch|cmatch|regex_match|regex_search|regex_replace', set => 'set|multiset', span => 'span', sstream => 'ostringstream|istringstream|stringstream',
  stdexcept => 'runtime_error|logic_error|out_of_range|invalid_argument', string => 'string|to_string|getline', string_view => 'string_view',
  system_error => 'system_error|error_code', thread => 'thread|this_thread', tuple => 'tuple|tie|make_tuple', unordered_map => 'unordered_map',
  unordered_set => 'unordered_set', variant => 'variant|visit|get_if|holds_alternative|monostate', vector => 'vector',
);
my %header_of;
for my $header (keys %names) { $header_of{$_} = $header for grep { !/\\/ } split /\|/, $names{$header}; }

my %text;       # of each file, without comments and texts
my %included;   # by each file itself
sub read_file {
  my $file = shift;
  return if exists $text{$file};
  open my $in, '<', $file or die "$file: $!\n";
  local $/;
  my $all = <$in>;
  $included{$file} = [$all =~ /^#include [<"]([^>"]+)[>"]/mg];
  $all =~ s/^#.*$//mg;
  $all =~ s{R"\((?:.|\n)*?\)"}{""}g;
  $all =~ s{("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')|//[^\n]*|/\*.*?\*/}{defined $1 ? '""' : ''}ges;
  $text{$file} = $all;
}

my %reach;  # standard headers that a file gets by itself or through headers of the project
sub reach {
  my $file = shift;
  return $reach{$file} if exists $reach{$file};
  my $found = $reach{$file} = {};
  read_file($file);
  for my $name (@{ $included{$file} }) {
    $found->{$name} = 1;
    if (-e $name) { $found->{$_} = 1 for keys %{ reach($name) }; }
  }
  return $found;
}

my $failed = 0;
for my $file (@ARGV) {
  my $reached = reach($file);
  my %missing;
  while ($text{$file} =~ /\bstd::(\w+)/g) {
    my $header = $header_of{$1};
    $missing{$header} = $1 if defined $header && !$reached->{$header};
  }
  for my $header (sort keys %missing) {
    print "$file uses std::$missing{$header} without <$header>\n";
    $failed = 1;
  }
}
exit $failed;
