// Command mutate measures how much the tests notice. It changes one comparison,
// condition or returned value of a package at a time, runs that package's own
// tests against the change, and prints what the tests missed. The working tree
// is never written: the changed file is handed to the go command by -overlay.
//
//	mutate [-seed N] [-jobs N] [-least PERCENT] [-equal FILE] [-match REGEXP] [-run REGEXP] NUMBER PACKAGE...
//
// NUMBER changes are drawn, the same for the same seed and tree, from all that
// could be made in the packages and, with -match, are printed with a match for
// REGEXP: a file, a function, an operator. A change that does not compile is replaced by
// another. A change that FILE argues to make no difference to a caller is left
// out of the count. The exit status is 1 if fewer than PERCENT of the rest were
// noticed, and 2 if the run could not be made.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	score, err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	case !score.enough():
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) (score, error) {
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	seed := flags.Uint64("seed", 1, "which `number` of changes is drawn")
	jobs := flags.Int("jobs", runtime.GOMAXPROCS(0), "how many `runs` go side by side")
	least := flags.Float64("least", 95, "the `percentage` of changes that must be noticed")
	match := flags.String("match", "", "draw only from the changes whose line matches this `regexp`")
	only := flags.String("run", "", "run only the tests that match this `regexp`, as go test does: quicker, but what is missed may be noticed by others")
	equalFile := flags.String("equal", "", "`file` of the changes that make no difference")
	if err := flags.Parse(args); err != nil {
		return score{}, err
	}
	var number int
	if _, err := fmt.Sscan(flags.Arg(0), &number); err != nil || number < 1 || flags.NArg() < 2 || *jobs < 1 {
		return score{}, errors.New("usage: mutate [-seed N] [-jobs N] [-least PERCENT] [-equal FILE] [-match REGEXP] [-run REGEXP] NUMBER PACKAGE [PACKAGE]")
	}
	var selected []string
	if *only != "" {
		selected = []string{"-run", *only}
	}
	wanted, err := regexp.Compile(*match)
	if err != nil {
		return score{}, err
	}
	argued, err := readEqual(*equalFile)
	if err != nil {
		return score{}, err
	}
	var all []mutant
	for _, pattern := range flags.Args()[1:] {
		found, err := mutantsOf(pattern)
		if err != nil {
			return score{}, err
		}
		all = append(all, found...)
	}
	if stale := argued.unused(all); len(stale) > 0 {
		return score{}, fmt.Errorf("%s argues about code that is not there: %q", *equalFile, stale)
	}
	all = slices.DeleteFunc(all, func(m mutant) bool { return !wanted.MatchString(m.key()) })
	return measure(ctx, out, plan{
		mutants: draw(all, *seed), number: number, jobs: *jobs, least: *least, argued: argued, flags: selected,
	})
}
