package structs_test

import (
	"reflect"
	"testing"

	"github.com/standpipe-go/standpipe/internal/leakcheck"
	"github.com/standpipe-go/standpipe/internal/structs"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) { leakcheck.Main(m) }

type Marks struct {
	Marks string // hidden in outer, whose Marks is the embedded struct
	Name  string
}

type Left struct{ ID string }

type Right struct{ ID string } // with Left's, ambiguous

type outer struct {
	Marks
	Left
	*Right
	*outer // within itself
	Name   string
	hidden string
}

// Every field is there, with the way to it.
func TestFields(t *testing.T) {
	of := reflect.TypeFor[outer]()
	names := func(list []reflect.StructField) (names []string) {
		for _, f := range list {
			names = append(names, f.Name)
			require.Equal(t, f.Name, of.FieldByIndex(f.Index).Name)
		}
		return names
	}
	require.Equal(t, []string{"Marks", "Marks", "Name", "Left", "ID", "Right", "ID", "outer", "Name", "hidden"}, names(structs.Fields(of)))
	require.Empty(t, outer{}.hidden)
	require.Nil(t, outer{}.outer)
	require.Empty(t, structs.Fields(reflect.TypeFor[struct{}]()))
}
