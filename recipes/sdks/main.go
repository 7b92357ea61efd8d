// Command sdks puts official SDKs on the stack: one file each, to copy. It needs no keys
// and no network: fake services on loopback fail once, and the program prints what each
// SDK made of it and how often it was asked.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/openai/openai-go/v3"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/secret"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "sdks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	for _, scene := range []struct {
		name, script string
		call         func(ctx context.Context, url string) (string, error)
	}{
		{"openai-go", `503 Retry-After=0, 200 {"choices":[{"message":{"content":"Hello"}}]}`, complete},
		{"go-github", `403 Retry-After=0, 200 {"full_name":"o/r"}`, repository},
		{"aws-sdk-go-v2 s3", `503, 200`, upload},
	} {
		srv := clienttest.Start(clienttest.MustParse(scene.script)...)
		got, err := scene.call(ctx, srv.URL)
		srv.Close()
		if err != nil {
			return fmt.Errorf("%s: %w", scene.name, err)
		}
		fmt.Fprintf(out, "%-17s %s, after %d requests\n", scene.name, got, srv.Count())
	}
	return nil
}

func complete(ctx context.Context, url string) (string, error) {
	c, err := newOpenAI(secret.Static("sk-example"), client.WithBaseURL(url))
	if err != nil {
		return "", err
	}
	reply, err := c.Chat.Completions.New(ctx, openai.ChatCompletionNewParams{
		Model: "m", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")},
	})
	if err != nil {
		return "", err
	}
	return reply.Choices[0].Message.Content, nil
}

func repository(ctx context.Context, url string) (string, error) {
	c, err := newGitHub(secret.Static("ghp_example"), client.WithBaseURL(url+"/"))
	if err != nil {
		return "", err
	}
	repo, _, err := c.Repositories.Get(ctx, "o", "r")
	return repo.GetFullName(), err
}

func upload(ctx context.Context, url string) (string, error) {
	c, err := newS3(url, "eu-west-1", aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}, nil
	}))
	if err != nil {
		return "", err
	}
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: bytes.NewReader([]byte("water"))})
	return "stored", err
}
