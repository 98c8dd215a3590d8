package asyncapi_test

import (
	"encoding/json"
	"strings"
	"time"
)

// The corpus has what people put into messages: every kind, every rule that a
// schema can say, and the odd shapes that reflection gets wrong.

type numbers struct {
	Plain  int           `json:"plain"`
	Tiny   int8          `json:"tiny"`
	Small  uint16        `json:"small"`
	Mid    int32         `json:"mid"`
	Big    uint64        `json:"big"`
	Ratio  float64       `json:"ratio"`
	Single float32       `json:"single"`
	Range  int           `json:"range"         validate:"min=3,max=7"`
	Over   int           `json:"over"          validate:"gt=0"`
	Under  float64       `json:"under"         validate:"lt=10.5"`
	Any    int           `json:"any"           validate:"omitempty,min=5"`
	Not    int           `json:"not"           validate:"ne=4"`
	One    int           `json:"one"           validate:"oneof=1 2 3"`
	Need   float64       `json:"need"          validate:"required"`
	Wait   time.Duration `json:"wait"          validate:"min=1s,max=1m"`
	Ptr    *int          `json:"ptr"           validate:"omitempty,gte=2"`
	MustP  *int          `json:"mustp"         validate:"required"`
	Bare   *int          `json:"bare"          validate:"min=2"`
	Quoted int           `json:"quoted,string"`
	Num    json.Number   `json:"num"`
}

type words struct {
	Plain   string  `json:"plain"`
	Need    string  `json:"need"    validate:"required"`
	Len     string  `json:"len"     validate:"len=3"`
	Between string  `json:"between" validate:"min=2,max=4"`
	Maybe   string  `json:"maybe"   validate:"omitempty,min=3"`
	MaybeP  *string `json:"maybep"  validate:"omitempty,min=3"`
	Email   string  `json:"email"   validate:"omitempty,email"`
	URL     string  `json:"url"     validate:"url"`
	HTTP    string  `json:"http"    validate:"http_url"`
	UUID    string  `json:"uuid"    validate:"required,uuid4"`
	Host    string  `json:"host"    validate:"hostname_rfc1123"`
	IP      string  `json:"ip"      validate:"ip"`
	Alpha   string  `json:"alpha"   validate:"alpha"`
	Colour  string  `json:"colour"  validate:"oneof=red 'light blue' green"`
	Either  string  `json:"either"  validate:"uuid|email"`
	Begins  string  `json:"begins"  validate:"startswith=a.b"`
	Ends    string  `json:"ends"    validate:"endswith=x?"`
	Holds   string  `json:"holds"   validate:"contains=0x2C"`
	Lacks   string  `json:"lacks"   validate:"excludesall=!-]"`
	Version string  `json:"version" validate:"semver"`
	Twice   string  `json:"twice"   validate:"required,eqfield=Need"`
	Day     string  `json:"day"     validate:"datetime=2006-01-02"`
	Luhn    string  `json:"luhn"    validate:"omitempty,luhn_checksum"`
}

type collections struct {
	Tags    []string          `json:"tags"     validate:"max=3,unique,dive,min=2"`
	Need    []int             `json:"need"     validate:"required"`
	Some    []int             `json:"some"     validate:"omitempty,min=2"`
	AtLeast []int             `json:"at_least" validate:"min=1,dive,gt=0"`
	Free    []string          `json:"free"`
	Matrix  [][]int           `json:"matrix"   validate:"dive,max=2,dive,max=9"`
	Four    [4]int            `json:"four"`
	Labels  map[string]string `json:"labels"   validate:"max=2,dive,keys,alpha,endkeys,max=3"`
	ByID    map[int]string    `json:"by_id"`
	Tiny    map[uint8]bool    `json:"tiny"`
	Points  []*Point          `json:"points"   validate:"dive,required"`
	Maybe   []*Point          `json:"maybe"    validate:"dive"`
	ByName  map[string]Point  `json:"by_name"  validate:"dive"`
	Bytes   []byte            `json:"bytes"`
	NeedB   []byte            `json:"needb"    validate:"required"`
	Any     any               `json:"any"`
	Must    any               `json:"must"     validate:"required"`
	Raw     json.RawMessage   `json:"raw"`
	Named   blob              `json:"named"`
	List    stringList        `json:"list"     validate:"min=1"`
}

type (
	blob       []byte
	stringList []string
)

type Point struct {
	X int `json:"x" validate:"required"`
	Y int `json:"y"`
}

type colour string

func (colour) Enum() []any { return []any{"red", "green"} }

type level int

func (level) Enum() []any { return []any{0, 1, 2} }

type enums struct {
	Colour colour         `json:"colour"`
	Maybe  colour         `json:"maybe,omitempty"`
	Ptr    *colour        `json:"ptr"`
	Level  level          `json:"level"`
	List   []colour       `json:"list"`
	Keys   map[colour]int `json:"keys"`
	Chosen colour         `json:"chosen"          validate:"oneof=red"`
}

type base struct {
	ID    string `json:"id"   validate:"required"`
	Name  string `json:"Name"`
	Label string
}

type other struct {
	Name  string
	Label string
	Tag   string `json:"tag"`
}

type embedding struct {
	Name int // hides base.Name
	base
	*Point
	Deep struct {
		A int `json:"a" validate:"required"`
	} `json:"deep"`
}

type clashing struct {
	base
	other // base.Name is tagged and wins, both Labels hide each other
	Also  string
	//lint:ignore U1000 fields that are not exported are left out
	hidden string
	Skip   string `json:"-"`
	//lint:ignore SA5008 the name is meant to be -
	Dash string `json:"-,"` //nolint:staticcheck // as above
}

type recursive struct {
	Name string                `json:"name" validate:"required"`
	Next *recursive            `json:"next"`
	Kids []recursive           `json:"kids" validate:"dive"`
	By   map[string]*recursive `json:"by"   validate:"dive"`
}

type envelope[T any] struct {
	Body T      `json:"body"`
	Next *T     `json:"next"`
	All  []T    `json:"all"  validate:"dive"`
	Kind string `json:"kind" validate:"oneof=a b"`
}

type times struct {
	At    time.Time  `json:"at"`
	Need  time.Time  `json:"need"          validate:"required"`
	Maybe *time.Time `json:"maybe"`
	Zero  time.Time  `json:"zero,omitzero"`
}

// upper is written and read by methods of its own.
type upper string

func (u upper) MarshalText() ([]byte, error)  { return []byte(strings.ToLower(string(u))), nil }
func (u *upper) UnmarshalText(b []byte) error { *u = upper(strings.ToUpper(string(b))); return nil }

type odd struct{ n int }

func (o odd) MarshalJSON() ([]byte, error)  { return json.Marshal(2*o.n + 1) }
func (o *odd) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &o.n) }

type coded struct {
	Upper upper         `json:"upper"`
	Odd   odd           `json:"odd"`
	Ptr   *odd          `json:"ptr"`
	Keys  map[upper]int `json:"keys"`
}

type nested struct {
	Point Point   `json:"point"`
	Ptr   *Point  `json:"ptr"`
	Need  *Point  `json:"need"          validate:"required"`
	Base  base    `json:"base"          validate:"required"`
	Loose []Point `json:"loose"`
	Opt   *base   `json:"opt,omitempty" validate:"omitempty"`
}
