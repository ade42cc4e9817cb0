#!/usr/bin/env perl
# Holds the includes of core, checks and cmd to the order of the folders in FOLDERS. Prints every include that goes upwards,
# every folder without a line and every line without files; ends with 1 if there is one.
#
#   lint_folders.pl     from the top directory
use strict;
use warnings;

my (%rank, %banned, %used);
open my $list, '<', 'FOLDERS' or die "FOLDERS: $!\n";
while (<$list>) {
    next if /^#/ || !/\S/;
    my ($name, $rest) = /^(\S+)\s+(.*)/ or die "FOLDERS:$.: a name and what is in it\n";
    die "FOLDERS:$.: $name has a line already\n" if exists $rank{$name};
    $rank{$name} = $.;
    $banned{$name} = [$rest =~ /!(\S+)/g];
}
close $list;

# The line that a file belongs to: its own, or that of its folder.
sub place_of {
    my ($file) = @_;
    (my $own = $file) =~ s/\.\w+$/.*/;
    my ($folder) = $file =~ m{^(.*)/};
    return exists $rank{$own} ? $own : $folder;
}

my $failed = 0;
sub breach { print "@_\n"; $failed = 1 }

my @files = grep { -f } split /\n/, `git ls-files --cached --others --exclude-standard -- 'core/*' 'checks/*' 'cmd/*'`;
for my $file (grep { /\.(cc|h|def)$/ } @files) {
    my $place = place_of($file);
    $used{$place} = 1;
    if (!exists $rank{$place}) {
        breach("$file: its folder has no line in FOLDERS");
        next;
    }
    open my $in, '<', $file or die "$file: $!\n";
    while (<$in>) {
        my ($included) = m{^#include "([^"]+/[^"]+)"} or next;
        my $other = place_of($included);
        if (!exists $rank{$other}) {
            breach("$file:$.: $included is in no folder of FOLDERS");
        } elsif ($rank{$other} > $rank{$place}) {
            breach("$file:$.: $place includes $included, which stands above it in knowledge: see FOLDERS");
        } elsif (my ($ban) = grep { $other eq $_ || $other =~ m{^\Q$_\E/} } @{ $banned{$place} }) {
            breach("$file:$.: $place may not include anything of $ban: see FOLDERS");
        }
    }
    close $in;
}
for my $name (sort { $rank{$a} <=> $rank{$b} } keys %rank) {
    breach("FOLDERS:$rank{$name}: there is nothing at $name") unless $used{$name};
}
exit $failed;
