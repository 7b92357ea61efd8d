// Package option applies the options of a constructor.
package option

import (
	"errors"
	"fmt"
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
	return errors.Join(errs...)
}
