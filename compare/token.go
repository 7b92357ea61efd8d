package compare

import (
	"context"
	"fmt"
	"time"
)

// Tokens are the behaviours of what verifies tokens.
func Tokens() Table[Checker] {
	return Table[Checker]{"Tokens in", []Behaviour[Checker]{
		hostile("hostile-headers", "Hostile tokens: the header",
			"An unknown or malformed crit, a name that comes twice, no alg, a header that is not one JSON object, a logout token: "+
				"rightly signed, and each to be refused. The source names the RFC for each; most break it, and the others are such "+
				"that two readers may read different things.",
			(*issuer).hostileHeaders),
		hostile("hostile-claims", "Hostile tokens: the claims",
			"A claim that comes twice, another spelling (SUB, EXP) in place of the name, exp, nbf, aud, iss or sub missing or of another "+
				"type, two JSON values, invalid Unicode: rightly signed, and each to be refused; where another spelling stands beside the right name, to go by the right one will do.",
			(*issuer).hostileClaims),
		hostile("hostile-encoding", "Hostile tokens: the encoding",
			"Base64url that is not canonical, line breaks, padding, the other alphabet, a fourth segment: each to be refused.",
			(*issuer).hostileEncodings),
		hostile("hostile-keys", "Hostile tokens: keys and algorithms",
			"An alg of none, HMAC with the public key, an algorithm other than the key's, a key for encryption, a key that "+
				"comes in the token, r = s = 0: each to be refused.",
			(*issuer).hostileKeys),
		harmless, unknownKeys,
	}}
}

// A named token is what it is called in a test's message.
type named struct{ name, token string }

// hostile is a behaviour that counts which of the tokens pass.
func hostile(id, title, asks string, tokens func(*issuer) []named) Behaviour[Checker] {
	return Behaviour[Checker]{
		ID: id, Title: title, Asks: asks,
		Run: func(ctx context.Context, c Checker) (Outcome, error) {
			accepted, all, err := c.passing(ctx, tokens)
			if err != nil {
				return Outcome{}, err
			}
			o := judged(len(accepted) == 0, "%d of %d accepted", len(accepted), all)
			o.Details = accepted
			return o, nil
		},
	}
}

// opened returns an issuer of its own and what checks its tokens, both until end.
func (c Checker) opened(ctx context.Context) (i *issuer, check Check, end func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	if i, err = newIssuer(); err != nil {
		cancel()
		return nil, nil, nil, err
	}
	end = func() {
		i.close()
		cancel()
	}
	if check, err = c.Open(ctx, i.issuer()); err != nil {
		end()
		return nil, nil, nil, err
	}
	return i, check, end, nil
}

// passing returns the names of the tokens that the checker accepts, and how many there
// are.
func (c Checker) passing(ctx context.Context, tokens func(*issuer) []named) (accepted []string, all int, err error) {
	i, check, end, err := c.opened(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer end()
	if sub, err := check(ctx, i.token(goodHeader, claims())); err != nil || sub != issuerUser {
		return nil, 0, fmt.Errorf("it refuses a good token: %q, %w", sub, err)
	}
	list := tokens(i)
	for _, t := range list {
		sub, err := check(ctx, t.token)
		if right, ok := readsRight[t.name]; err == nil && sub != "" && !(ok && sub == right) {
			accepted = append(accepted, t.name)
		}
	}
	return accepted, len(list), nil
}

const goodHeader = `{"alg":"ES256","kid":"k1","typ":"JWT"}`

// claims are good ones, with the members of more in front.
func claims(more ...string) string {
	now := time.Now().Unix()
	out := "{"
	for _, m := range more {
		out += m + ","
	}
	return out + fmt.Sprintf(`"iss":%q,"sub":%q,"aud":%q,"iat":%d,"exp":%d}`, issuerName, issuerUser, issuerAudience, now-10, now+3600)
}

var harmless = Behaviour[Checker]{
	ID: "harmless", Title: "Good tokens, written unusually",
	Asks: "Several audiences, a fraction in exp, white space, an escaped slash, no typ, jwt in lower case, a header and claims that nobody knows, RS256: all are to be " +
		"accepted, for the right user.",
	Run: func(ctx context.Context, c Checker) (Outcome, error) {
		i, check, end, err := c.opened(ctx)
		if err != nil {
			return Outcome{}, err
		}
		defer end()
		list := i.harmless()
		accepted := 0
		for _, t := range list {
			if sub, err := check(ctx, t.token); err == nil && sub == issuerUser {
				accepted++
			}
		}
		return judged(accepted == len(list), "%d of %d accepted", accepted, len(list)), nil
	},
}

var unknownKeys = Behaviour[Checker]{
	ID: "unknown-keys", Title: "1,000 tokens that name keys nobody knows",
	Asks: "Anyone can write a token that names another key each time. The issuer is not to be asked each time: three fetches at most, the first " +
		"included. What is handed the keys does not fetch.",
	Run: func(ctx context.Context, c Checker) (Outcome, error) {
		if !c.Fetches {
			return notCovered("it is handed the keys"), nil
		}
		i, check, end, err := c.opened(ctx)
		if err != nil {
			return Outcome{}, err
		}
		defer end()
		good := i.token(goodHeader, claims())
		if _, err := check(ctx, good); err != nil {
			return Outcome{}, fmt.Errorf("it refuses a good token: %w", err)
		}
		// A library that puts a limit on its fetches may let a caller wait for it.
		flood, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		tried := 0
		for n := 0; n < 1000 && flood.Err() == nil; n++ {
			one, cancel := context.WithTimeout(flood, time.Second)
			if _, err := check(one, i.token(fmt.Sprintf(`{"alg":"ES256","kid":"unknown-%d"}`, n), claims())); err == nil {
				cancel()
				return fails("accepted"), nil
			}
			cancel()
			tried++
		}
		fetches := i.fetches.Load()
		text := fmt.Sprintf("%d fetches", fetches)
		if fetches == 1 {
			text = "1 fetch"
		}
		if tried < 1000 {
			return fails("%s; held up after %d tokens", text, tried), nil
		}
		return judged(fetches <= 3, "%s", text), nil
	},
}
