// Command compare puts the behaviours of package compare to the libraries of package
// peers and prints what happened.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/standpipe-go/standpipe/compare"
	"github.com/standpipe-go/standpipe/compare/peers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	only := flags.String("only", "", "the behaviours to run, by ID and with commas between; all by default")
	peer := flags.String("peer", "", "the subjects to ask: those whose name contains this, and Standpipe; all by default")
	markdown := flags.Bool("markdown", false, "print a page in Markdown")
	file := flags.String("out", "", "write the page in Markdown to this file")
	details := flags.Bool("v", false, "also print what the outcomes count, such as the names of the tokens that passed")
	list := flags.Bool("list", false, "list the behaviours and end")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *list {
		return listAll(out)
	}
	results, err := peers.Measure(ctx, peers.Selection{Only: split(*only), Peer: *peer})
	if err != nil {
		return err
	}
	if *file != "" {
		var page strings.Builder
		if err := compare.WriteMarkdown(&page, time.Now(), results); err != nil {
			return err
		}
		if err := os.WriteFile(*file, []byte(page.String()), 0o644); err != nil {
			return err
		}
	}
	if *markdown {
		return compare.WriteMarkdown(out, time.Now(), results)
	}
	return compare.WriteText(out, results, *details)
}

func listAll(out io.Writer) error {
	for _, b := range peers.Behaviours() {
		if _, err := fmt.Fprintf(out, "%-22s %s\n", b.ID, b.Title); err != nil {
			return err
		}
	}
	return nil
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}
