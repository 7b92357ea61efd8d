// Command session is an API behind the session tokens of Clerk, Auth0 and Firebase.
//
// It runs as it is, without a network: the tokens come from an issuer in memory.
// By itself it shows which requests are let in and which are not, and ends:
//
//	go run ./examples/session
//
// With -listen it stays up and prints tokens to try with curl:
//
//	go run ./examples/session -listen 127.0.0.1:8080
//
// What an application copies is in app.go and app_test.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"time"

	"github.com/standpipe-go/standpipe/session/sessiontest"
)

func main() {
	listen := flag.String("listen", "", "address to stay up at, such as 127.0.0.1:8080")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *listen); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, listen string) error {
	issuer := sessiontest.New()
	handler, err := api(issuers{issuer.Clerk(), issuer.Auth0(), issuer.Firebase()}, issuer.Options()...)
	if err != nil {
		return err
	}
	if listen != "" {
		return serve(ctx, out, listen, handler, issuer)
	}
	return show(out, handler, issuer)
}

// show sends requests that are let in and requests that are not, and fails if any
// is answered in another way than it should be.
func show(out io.Writer, handler http.Handler, issuer *sessiontest.Issuer) error {
	now := issuer.Now()
	type claims = sessiontest.Claims
	for _, visit := range []struct {
		what, path, token string
		status            int
	}{
		{"Clerk, an administrator", "/team/", issuer.ClerkToken(nil), 200},
		{"Clerk, a member", "/team/", issuer.ClerkToken(claims{"o": claims{"id": "org_1", "rol": "member"}}), 403},
		{"Clerk, expired", "/team/", issuer.ClerkToken(claims{"exp": now.Add(-time.Second).Unix()}), 401},
		{"Clerk, made for another site", "/team/", issuer.ClerkToken(claims{"azp": "https://evil.example"}), 401},
		{"Auth0, may read invoices", "/invoices/", issuer.Auth0Token(nil), 200},
		{"Auth0, may not", "/invoices/", issuer.Auth0Token(claims{"permissions": []string{}}), 403},
		{"Auth0, for another API", "/invoices/", issuer.Auth0Token(claims{"aud": "https://other.example"}), 401},
		{"Auth0, a logout token", "/invoices/", issuer.LogoutToken(claims{"aud": sessiontest.Audience}), 401},
		{"Firebase", "/mobile/", issuer.FirebaseToken(nil), 200},
		{"Firebase, another project", "/mobile/", issuer.FirebaseToken(claims{"aud": "other", "iss": "https://securetoken.google.com/other"}), 401},
		{"Firebase, a session cookie", "/mobile/", issuer.FirebaseCookieToken(nil), 401},
		{"Firebase, unsigned by the emulator", "/mobile/", issuer.FirebaseEmulatorToken(nil), 401},
		{"nobody", "/mobile/", "", 401},
	} {
		req := httptest.NewRequest(http.MethodGet, "http://app.example.com"+visit.path, nil)
		if visit.token != "" {
			req.Header.Set("Authorization", "Bearer "+visit.token)
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, req)
		fmt.Fprintf(out, "%-36s %d  %s\n", visit.what, answer.Code, firstLine(answer))
		if answer.Code != visit.status {
			return fmt.Errorf("%s: status %d, want %d", visit.what, answer.Code, visit.status)
		}
	}
	return nil
}

func firstLine(w *httptest.ResponseRecorder) string {
	if challenge := w.Header().Get("WWW-Authenticate"); challenge != "" {
		return challenge
	}
	return w.Body.String()
}

func serve(ctx context.Context, out io.Writer, address string, handler http.Handler, issuer *sessiontest.Issuer) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String()
	fmt.Fprintf(out, "curl -H 'Authorization: Bearer %s' %s/team/\n\n", issuer.ClerkToken(nil), base)
	fmt.Fprintf(out, "curl -H 'Authorization: Bearer %s' %s/invoices/\n\n", issuer.Auth0Token(nil), base)
	fmt.Fprintf(out, "curl -H 'Authorization: Bearer %s' %s/mobile/\n", issuer.FirebaseToken(nil), base)
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(ctx)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}
