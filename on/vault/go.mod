module github.com/standpipe-go/standpipe/on/vault

go 1.26.0

require (
	github.com/standpipe-go/standpipe v0.0.0
	github.com/stretchr/testify v1.12.1
)

require (
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/oauth2 v0.37.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)

replace github.com/standpipe-go/standpipe => ../..
