// Package settings has what the options of the packages for clouds set.
package settings

import (
	"errors"
	"time"

	"github.com/standpipe-go/standpipe/client"
)

// Config is what the options set.
type Config struct {
	Endpoint        string // "" is the service's own
	Interval, Grace time.Duration
	Client          []client.Option
}

// Defaults are an interval of a minute, a grace of an hour, and twenty seconds for a
// read, its retries included.
func Defaults() Config {
	return Config{Interval: time.Minute, Grace: time.Hour, Client: []client.Option{client.WithTimeout(20 * time.Second)}}
}

// SetEndpoint sets where the service is.
func (c *Config) SetEndpoint(url string) error {
	if url == "" {
		return errors.New("the endpoint is empty")
	}
	c.Endpoint = url
	return nil
}

// SetInterval sets for how long what was read is used.
func (c *Config) SetInterval(d time.Duration) error {
	if d <= 0 {
		return errors.New("the interval must be positive")
	}
	c.Interval = d
	return nil
}

// SetGrace sets for how long it serves while the service is away.
func (c *Config) SetGrace(d time.Duration) error {
	if d < 0 {
		return errors.New("the grace is negative")
	}
	c.Grace = d
	return nil
}
