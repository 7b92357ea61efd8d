package main

import (
	"fmt"
	"os"
	"strings"
)

// equal maps the key of a change that makes no difference to the argument why.
type equal map[string]string

// readEqual reads lines of the form
//
//	client/sse.go (*decoder).next: n < 0 => n <= 0 # why no caller can tell
//
// Blank lines, and lines that begin with #, are skipped. No name is no file.
func readEqual(name string) (equal, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	argued := equal{}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, why, ok := strings.Cut(line, " # ")
		if !ok || !strings.Contains(key, " => ") {
			return nil, fmt.Errorf("%s:%d: want FILE FUNCTION: BEFORE => AFTER # ARGUMENT", name, i+1)
		}
		argued[strings.TrimSpace(key)] = why
	}
	return argued, nil
}

// unused lists the changes that are argued about and could not be made in the
// packages of all, although their files are among them.
func (e equal) unused(all []mutant) []string {
	files, keys := map[string]bool{}, map[string]bool{}
	for _, m := range all {
		files[m.file] = true
		keys[m.key()] = true
	}
	var stale []string
	for key := range e {
		file, _, _ := strings.Cut(key, " ")
		if files[file] && !keys[key] {
			stale = append(stale, key)
		}
	}
	return stale
}
