#!/usr/bin/env perl
# Counts the sources: files by folder, their lengths, comments, long functions, repeated runs of lines. Prints a table, then
# each place that is over a limit; ends with 1 if there is one.
#
#   census.pl [--total] [FILE...]     (all sources that git knows; --total: the sums alone)
#
# A program line is one of cmd, checks or core that is neither blank nor a comment alone. Functions are found by the
# layout that .clang-format gives: a definition begins in the first column (a member's within a class in the third) and
# ends with a brace in that column.
use strict;
use warnings;

my %limit = (folder => 40, file => 500, median => 120, comments => 8, function => 60, repeated => 8);
my $total_only = @ARGV && $ARGV[0] eq '--total' ? shift : 0;
chomp(my $top = `git rev-parse --show-toplevel`);
chdir $top or die "census: not in a work tree\n";
my @files = @ARGV ? @ARGV : split /\n/, `git ls-files --cached --others --exclude-standard -- '*.cc' '*.h'`;
@files = grep { -f } @files;

my (%in_folder, %lines_of, %program, @over, @lengths, @functions, %runs);
my ($cc_lines, $cc_comments) = (0, 0);

for my $file (@files) {
    open my $in, '<', $file or die "census: cannot read $file: $!\n";
    chomp(my @lines = <$in>);
    close $in;
    my ($folder) = $file =~ m{^(.*)/} ? $1 : '.';
    $in_folder{$folder}++;
    $lines_of{$file} = @lines;
    push @lengths, scalar @lines;
    push @over, "$file has " . @lines . " lines" if @lines >= $limit{file};
    count_lines($file, $folder, \@lines);
    find_functions($file, \@lines);
    remember_runs($file, \@lines);
}

# Program lines by the first folder, comments of all .cc files.
sub count_lines {
    my ($file, $folder, $lines) = @_;
    my ($top) = $folder =~ m{^([^/]+)};
    for (@$lines) {
        my $comment = m{^\s*//};
        if ($file =~ /\.cc$/ && $top =~ /^(cmd|checks|core)$/) {
            $cc_lines++ if /\S/;
            $cc_comments++ if $comment || m![;{,]\s+// !;
        }
        $program{$top}++ if /\S/ && !$comment;
    }
}

sub find_functions {
    my ($file, $lines) = @_;
    my ($start, $indent, $head_end);
    my $begins = qr{^((?:  )?)(?!namespace|class|struct|enum|union|extern|using|typedef|return|if|for|while|switch|else|case|default|public|private|protected)[A-Za-z_\[]};
    for my $n (0 .. $#$lines) {
        local $_ = $lines->[$n];
        if (!defined $start) {
            next unless $_ =~ $begins;
            $indent = $1;
            my ($head, $last) = ($_, $n);
            while ($head !~ /[{;}]\s*(?:\/\/.*)?$/ && $last < $#$lines && $last - $n < 12) { $head .= $lines->[++$last] }
            ($start, $head_end) = ($n, $last) if $head =~ /\).*\{\s*(?:\/\/.*)?$/ && $head !~ /=\s*(?:\{|\[)/;
        } elsif (/^\Q$indent\E\}/) {
            my ($name) = join(' ', @$lines[$start .. $n]) =~ /([\w:~]+)\s*\(/;
            push @functions, [$n - $start + 1, "$file:" . ($start + 1), $name // '?'];
            undef $start;
        } elsif (/^\S/ && $indent ne '' || /^\Q$indent\E[A-Za-z_~]/ && $n > $head_end) {
            undef $start;
            redo;
        }
    }
}

# Every run of one line more than the limit, by its text without indentation. Includes, brackets alone and blank lines count
# for nothing.
sub remember_runs {
    my ($file, $lines) = @_;
    my @kept;
    for my $n (0 .. $#$lines) {
        (my $text = $lines->[$n]) =~ s/^\s+|\s+$//g;
        push @kept, [$n + 1, $text] unless $text eq '' || $text =~ m{^(//|#|using |namespace |[\]\[{}();,]+$)};
    }
    my $length = $limit{repeated} + 1;
    for my $n (0 .. $#kept - $length + 1) {
        push @{$runs{join "\n", map { $_->[1] } @kept[$n .. $n + $length - 1]}}, [$file, $kept[$n][0]];
    }
}

@lengths = sort { $a <=> $b } @lengths;
my $median = $lengths[@lengths / 2];
my $share = $cc_lines ? 100 * $cc_comments / $cc_lines : 0;
my @long = sort { $b->[0] <=> $a->[0] } grep { $_->[0] > $limit{function} } @functions;
my @sizes = sort { $a <=> $b } map { $_->[0] } @functions;

push @over, map { "$_ holds $in_folder{$_} source files" } grep { $in_folder{$_} > $limit{folder} } sort keys %in_folder;
push @over, "the median file has $median lines" if $median >= $limit{median};
push @over, sprintf('comments are %.1f %% of the lines of .cc files', $share) if $share < $limit{comments};
push @over, map { "$_->[1]: $_->[2] has $_->[0] lines" } @long;
# A longer run is many runs that overlap: its first says it.
my %said;
for my $places (sort { $a->[0][0] cmp $b->[0][0] || $a->[0][1] <=> $b->[0][1] } grep { @$_ > 1 } values %runs) {
    my $pair = "$places->[0][0] $places->[1][0]";
    push @over, "repeated: " . join(' and ', map { "$_->[0]:$_->[1]" } @$places)
        unless defined $said{$pair} && $places->[0][1] - $said{$pair} < 20;
    $said{$pair} = $places->[0][1];
}

unless ($total_only) {
    printf "%-28s %6s\n", 'folder', 'files';
    printf "%-28s %6d\n", $_, $in_folder{$_} for sort keys %in_folder;
}
printf "%-28s %6d\n", 'source files', scalar @files;
printf "%-28s %6d (limit %d)\n", 'median lines of a file', $median, $limit{median};
printf "%-28s %6d (limit %d)\n", 'longest file', $lengths[-1], $limit{file};
printf "%-28s %6d\n", "program lines of $_", $program{$_} // 0 for qw(core checks cmd);
printf "%-28s %6d\n", 'program lines', ($program{core} // 0) + ($program{checks} // 0) + ($program{cmd} // 0);
printf "%-28s %6d\n", 'test lines', ($program{tests} // 0) + ($program{fixtures} // 0);
printf "%-28s %6.1f (at least %d)\n", 'comments in .cc, per cent', $share, $limit{comments};
printf "%-28s %6d\n", 'functions', scalar @functions;
printf "%-28s %6d\n", 'median lines of a function', $sizes[@sizes / 2] // 0;
printf "%-28s %6d (limit %d)\n", 'longest function', $sizes[-1] // 0, $limit{function};
print "\nover the limits:\n", map { "  $_\n" } @over if @over;
exit(@over ? 1 : 0);
