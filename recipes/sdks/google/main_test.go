package main

import (
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/recipes/internal/recipetest"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

func TestP6_OfficialSDKsOnTheStack(t *testing.T) { recipetest.Run(t, recipes()...) }
