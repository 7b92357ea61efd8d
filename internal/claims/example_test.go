package claims_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/standpipe-go/standpipe/internal/claims"
)

func Example() {
	rules := claims.Rules{Issuer: "https://issuer.example/", Audience: []string{"https://api.example"}}
	set, err := claims.Parse([]byte(`{"iss":"https://issuer.example/","sub":"user_1","aud":["https://api.example"],"exp":1800000060,"email_verified":true}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	registered, err := rules.Check(set, time.Unix(1_800_000_000, 0))
	fmt.Println(registered.Subject, err)
	verified, err := set.Bool("email_verified")
	fmt.Println(verified, err)

	_, err = rules.Check(set, time.Unix(1_800_000_060, 0))
	fmt.Println(err, errors.Is(err, claims.ErrExpired))
	_, err = claims.Parse([]byte(`{"sub":"user_1","sub":"admin"}`))
	fmt.Println(err)
	// Output:
	// user_1 <nil>
	// true <nil>
	// token expired true
	// malformed claims: duplicate member name in JSON object
}
