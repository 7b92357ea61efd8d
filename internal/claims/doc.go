// Package claims reads the claims set of a JWT (RFC 7519) strictly and knows
// the rules for its registered claims.
//
// Verifiers parse a payload with [Parse], have the signature checked by package
// jose, and then apply [Rules]:
//
//	set, err := claims.Parse(token.UnverifiedPayload())
//	_, err = token.Verify(key, jose.RS256)
//	registered, err := rules.Check(set, time.Now())
//
// and only then look at anything else, with [Set.String], [Set.Bool],
// [Set.Strings], [Set.Time] and [Set.Object], or with [Decoder.Decode] into a
// struct. Names are compared byte by byte everywhere, in Decode too, so that
// "SUB" is never taken for "sub"; a name that appears twice, at any depth,
// makes the whole set malformed.
//
// A claim that is absent and one that is empty or of another type are told apart:
// an absent one is the zero value without an error, any other type than the
// expected one is an error. A claim that is null counts as absent, so that one
// that is required refuses.
//
// Errors wrap one of the sentinels of this package, name the claim, and hold no
// value.
package claims
