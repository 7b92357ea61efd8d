// Package keyset keeps the public keys of issuers at hand.
//
// A verifier holds one [Source] per issuer. [New] makes one that fetches, a
// [Cache], from a fixed address or from the jwks_uri of the issuer's discovery
// document; [Static] makes one of keys that are known beforehand. Either way
//
//	key, err := source.Key(ctx, token.Header)
//
// returns the key for a token, an error that wraps [jose.ErrUnknownKey] or
// [jose.ErrAlgorithm] when the issuer has no such key, or one that wraps
// [ErrUnavailable] when that cannot be told because the keys cannot be had: to
// a client, the first is a 401 and the last a 503.
//
// # How a Cache keeps its keys
//
//   - The lifetime comes from the Cache-Control header, within bounds. After
//     four fifths of it the next use starts a refresh in the background. Nobody
//     waits for it, and an idle cache has no goroutine.
//   - After the lifetime, when nobody used the cache in the meantime, the first
//     callers wait for the refresh, so that a key that was withdrawn does not
//     pass. When a refresh has failed, the keys that are known serve on
//     until [Config.StaleFor] is over; then there are none. A set without a key
//     that can be used counts as a failure.
//   - A key ID that is not in the set causes one fetch per [Config.Cooldown], for
//     which only callers with unknown IDs wait. Everyone else goes on.
//   - A cold cache makes callers wait, for at most [Config.Wait]; call
//     [Cache.Warm] at start to spare them. After a failure attempts are
//     spaced, and callers in between are answered at once.
//   - A fetch belongs to no caller: one that gives up fails no other.
//   - A Cache is for one issuer and one address. Keys of one issuer never
//     verify tokens of another, whatever their IDs.
//
// Keys are fetched over https only, from the configured or discovered address
// and from nowhere else; redirects may not leave its origin; documents are
// limited in size; a discovery document must name the issuer that it was
// asked for.
package keyset
