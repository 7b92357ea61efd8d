package jose_test

import (
	"fmt"

	"github.com/standpipe-go/standpipe/internal/jose"
)

// The key of RFC 8037 appendix A.
const privateJWK = `{"kty":"OKP","crv":"Ed25519","kid":"2026-01",
	"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`

func Example() {
	signer, err := jose.ParsePrivateJWK([]byte(privateJWK))
	if err != nil {
		fmt.Println(err)
		return
	}
	raw, err := signer.SignClaims(map[string]any{"typ": "JWT"}, map[string]any{"sub": "user_1"})
	if err != nil {
		fmt.Println(err)
		return
	}

	set, err := jose.NewSet(signer.PublicKey())
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := jose.Parse(raw)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := set.Find(token.Header)
	if err != nil {
		fmt.Println(err)
		return
	}
	payload, err := token.Verify(key, jose.EdDSA)
	fmt.Println(token.Header.KeyID, string(payload), err)
	_, err = token.Verify(key, jose.RS256)
	fmt.Println(err)
	// Output:
	// 2026-01 {"sub":"user_1"} <nil>
	// algorithm not allowed: not in the list of the verifier
}

// A DPoP proof (RFC 9449) carries its key in the header.
func ExampleKey_BareJWK() {
	signer, err := jose.ParsePrivateJWK([]byte(privateJWK))
	if err != nil {
		fmt.Println(err)
		return
	}
	jwk, err := signer.PublicKey().BareJWK()
	fmt.Println(string(jwk), err)
	thumbprint, err := signer.PublicKey().Thumbprint()
	fmt.Println(thumbprint, err)
	// Output:
	// {"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"} <nil>
	// kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k <nil>
}
