package cloud

import (
	"context"
	"net/http"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func fixed(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDSTANDPIPE", SecretAccessKey: "secret/of+the=tests"}, nil
}

var credential = regexp.MustCompile(`Credential=([^/]+)/\d{8}/([^,]+)`)

// scope is the key, region and service of a signature.
func scope(h http.Header) []string {
	return credential.FindStringSubmatch(h.Get("Authorization"))[1:]
}
