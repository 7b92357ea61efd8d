package main

import (
	"github.com/bwmarrin/discordgo"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/secret"
)

// newDiscord puts the REST part of discordgo on the stack. Both of the SDK's retries have
// to be off: MaxRestRetries for a 502, and ShouldRetryOnRateLimit, with which a 429 that
// lasts is asked for again without end. discordgo.WithContext gives a call its context.
func newDiscord(token secret.Source, opts ...client.Option) (*discordgo.Session, error) {
	c, err := client.New("https://discord.com/api", append([]client.Option{
		client.WithProfile(client.Profile{Name: "discord"}),
		client.WithAuth(client.HeaderPrefix("Authorization", "Bot ", token)),
	}, opts...)...)
	if err != nil {
		return nil, err
	}
	s, err := discordgo.New("Bot set by the stack")
	if err != nil {
		return nil, err
	}
	s.Client, s.MaxRestRetries, s.ShouldRetryOnRateLimit = c.HTTPClient(), 0, false
	return s, nil
}
