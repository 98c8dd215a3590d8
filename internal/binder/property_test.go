package binder_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/parley-go/parley/internal/binder"
)

// everything has a field of every kind that JSON carries.
type everything struct {
	derived
	Text   string           `json:"text"`
	Flag   bool             `json:"flag"`
	Small  int8             `json:"small"`
	Wide   int64            `json:"wide"`
	Huge   uint64           `json:"huge"`
	Number float64          `json:"number"`
	Title  title            `json:"title"`
	Bytes  []byte           `json:"bytes"`
	At     time.Time        `json:"at"`
	Maybe  *int             `json:"maybe"`
	List   []item           `json:"list"`
	ByName map[string]*item `json:"by_name"`
	Color  color            `json:"color"`
	Pages  page[title]      `json:"pages"`
	Fixed  [2]uint16        `json:"fixed"`
	Slow   time.Duration    `json:"slow"`
	Loud   shout            `json:"loud,omitempty"`
	Levels map[level][]bool `json:"levels"`
}

func items() *rapid.Generator[item] {
	return rapid.Custom(func(t *rapid.T) item {
		return item{rapid.String().Draw(t, "sku"), rapid.Int().Draw(t, "qty"), rapid.Float64().Draw(t, "price")}
	})
}

func everythings() *rapid.Generator[everything] {
	return rapid.Custom(func(t *rapid.T) everything {
		return everything{
			derived: derived{base{rapid.String().Draw(t, "kind")}, rapid.Int().Draw(t, "n")},
			Text:    rapid.String().Draw(t, "text"),
			Flag:    rapid.Bool().Draw(t, "flag"),
			Small:   rapid.Int8().Draw(t, "small"),
			Wide:    rapid.Int64().Draw(t, "wide"),
			Huge:    rapid.Uint64().Draw(t, "huge"),
			Number:  rapid.Float64().Draw(t, "number"),
			Title:   title(rapid.String().Draw(t, "title")),
			Bytes:   rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"),
			At:      time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "at"), 0).UTC(),
			Maybe:   rapid.Ptr(rapid.Int(), true).Draw(t, "maybe"),
			List:    rapid.SliceOf(items()).Draw(t, "list"),
			ByName:  rapid.MapOf(rapid.String(), rapid.Ptr(items(), true)).Draw(t, "by_name"),
			Color:   rapid.SampledFrom([]color{"red", "green", "blue"}).Draw(t, "color"),
			Pages:   page[title]{Items: []title{title(rapid.String().Draw(t, "item"))}},
			Fixed:   [2]uint16{rapid.Uint16().Draw(t, "fixed"), 1},
			Slow:    time.Duration(rapid.Int64().Draw(t, "slow")),
			Loud:    shout(rapid.SampledFrom([]string{"", "hey", "you"}).Draw(t, "loud")),
			Levels:  map[level][]bool{1: {rapid.Bool().Draw(t, "level")}},
		}
	})
}

// roundTrip sends a value and reads it back into its own type.
func roundTrip[T any](t *rapid.T, w *binder.Wire, value T) {
	m, err := w.Encode(value)
	require.NoError(t, err)
	var got T
	require.NoError(t, w.Decode(m, &got))
	require.Equal(t, value, got)
}

func TestWhatIsSentIsRead(t *testing.T) {
	t.Parallel()
	w := newWire()
	rapid.Check(t, func(t *rapid.T) {
		v := everythings().Draw(t, "value")
		roundTrip(t, w, v)
		roundTrip(t, w, &v)
		roundTrip(t, w, v.List)
		roundTrip(t, w, v.ByName)
		roundTrip(t, w, v.Title)
		roundTrip(t, w, &v.Text)
		roundTrip(t, w, v.Maybe)
		roundTrip(t, w, v.At)
		roundTrip(t, w, v.Color)
		roundTrip(t, w, v.Number)
		roundTrip(t, w, append(blob{0}, v.Bytes...))
	})
}
