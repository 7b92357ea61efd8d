// Package option applies the options of a constructor, and says what is wrong with them.
package option

import (
	"fmt"
	"slices"
	"strings"
)

// Apply gives config to each of opts, in their order, and returns what is wrong with all
// of them: who has made two mistakes hears of both. A nil one is a mistake too, since
// somebody meant something by it.
func Apply[Config any, Option ~func(*Config) error](config *Config, opts []Option) error {
	errs := make([]error, len(opts))
	for i, o := range opts {
		if o == nil {
			errs[i] = fmt.Errorf("option %d of %d is nil", i+1, len(opts))
			continue
		}
		errs[i] = o(config)
	}
	return Join(errs...)
}

// Join is [errors.Join] in one line: what goes into a log has no lines of its own.
func Join(errs ...error) error {
	switch wrong := slices.DeleteFunc(errs, func(err error) bool { return err == nil }); len(wrong) {
	case 0:
		return nil
	case 1:
		return wrong[0]
	default:
		return mistakes(wrong)
	}
}

// mistakes are at least two.
type mistakes []error

func (m mistakes) Error() string {
	said := make([]string, len(m))
	for i, err := range m {
		said[i] = err.Error()
	}
	return strings.Join(said, "; ")
}

func (m mistakes) Unwrap() []error { return m }
