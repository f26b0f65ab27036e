package sender

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// Countdowns names countdowns, so that they and the schedules with them can be
// stored as JSON. The zero value and nil have the built-in ones. It must not be
// copied, and is safe for concurrent use.
//
// The JSON of a countdown is Django Whisperer's retry_countdown_config. Durations
// are whole seconds in it:
//
//	{"choice": "fixed", "kwargs": {"seconds": 60}}
//	{"choice": "linear", "kwargs": {"base": 10, "limit": 300}}
//	{"choice": "exponential", "kwargs": {"base": 2, "factor": 5, "limit": 3600}}
//	{"choice": "random", "kwargs": {"min_value": 5, "max_value": 10}}
//	{"choice": "list", "kwargs": {"seconds": [5, 300, 1800]}}
//
// The list is ours, and so is the JSON of a schedule:
//
//	{"tries": 5, "countdown": {"choice": ..., "kwargs": ...}, "jitter": 0.1,
//	 "max_retry_after": 3600, "stop": [404, 410], "stop_on": ["timed out"]}
//
// It is read strictly: a name that is unknown or repeated, a value of the wrong
// kind, an argument that is missing and one that Validate refuses are errors. They
// name the field and what was expected, all at once.
type Countdowns struct {
	mu     sync.RWMutex
	custom map[string]reflect.Type
}

var builtin = map[string]reflect.Type{
	"fixed":       reflect.TypeFor[Fixed](),
	"linear":      reflect.TypeFor[Linear](),
	"exponential": reflect.TypeFor[Exponential](),
	"random":      reflect.TypeFor[Random](),
	"list":        reflect.TypeFor[List](),
}

// RegisterCountdown gives the countdown C, a struct or a pointer to one, a name in
// c. Its arguments are its fields, by their json tags. One is required unless it
// is a pointer or its tag says omitempty or omitzero; a present zero is present.
// Fields of [time.Duration] are seconds in JSON, and not negative. If C has a
// Validate() error method, it is asked before anything is read or written.
//
// RegisterCountdown panics if the name is empty or taken, if C has a name
// already, and if C has a field that cannot be stored, which is an embedded or an
// unexported one.
func RegisterCountdown[C Countdown](c *Countdowns, name string) {
	if c == nil {
		panic("sender: RegisterCountdown: the registry is nil")
	}
	if err := c.register(reflect.TypeFor[C](), name); err != nil {
		panic("sender: RegisterCountdown: " + err.Error())
	}
}

func (c *Countdowns) register(t reflect.Type, name string) error {
	if name == "" {
		return fmt.Errorf("the name of %v is empty", t)
	}
	if err := checkFields(t); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all()
	if other, ok := all[name]; ok {
		return fmt.Errorf("the name %q is taken by %v", name, other)
	}
	for other, known := range all {
		if bare(known) == bare(t) {
			return fmt.Errorf("%v has the name %q already", t, other)
		}
	}
	if c.custom == nil {
		c.custom = map[string]reflect.Type{}
	}
	c.custom[name] = t
	return nil
}

// Names returns the names of all countdowns in c, sorted.
func (c *Countdowns) Names() []string {
	return slices.Sorted(maps.Keys(c.types()))
}

// Marshal returns the JSON of a countdown that is in c and that is valid.
func (c *Countdowns) Marshal(countdown Countdown) ([]byte, error) {
	list := checkCountdown("", countdown)
	if countdown == nil {
		list.addf("", "there is none")
	}
	if err := list.under("countdown"); err != nil {
		return nil, err
	}
	out := c.encode("", countdown, &list)
	return out, list.under("countdown")
}

// Unmarshal reads the JSON of a countdown that is in c.
func (c *Countdowns) Unmarshal(data []byte) (Countdown, error) {
	var list fieldErrors
	countdown := c.decode("", data, &list)
	if err := list.under("countdown"); err != nil {
		return nil, err
	}
	return countdown, nil
}

// MarshalSchedule returns the JSON of s, which is valid and whose countdown is nil
// or in c.
func (c *Countdowns) MarshalSchedule(s Schedule) ([]byte, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	var list fieldErrors
	out := c.encodeFields("", reflect.ValueOf(s), &list)
	return out, list.under("schedule")
}

// UnmarshalSchedule reads the JSON of a schedule whose countdown is in c. What it
// returns is valid.
func (c *Countdowns) UnmarshalSchedule(data []byte) (Schedule, error) {
	var s Schedule
	var list fieldErrors
	c.decodeFields("", data, reflect.ValueOf(&s).Elem(), &list)
	list.follow(s.problems())
	if err := list.under("schedule"); err != nil {
		return Schedule{}, err
	}
	return s, nil
}

// encode returns the JSON of a valid countdown at path.
func (c *Countdowns) encode(path string, countdown Countdown, list *fieldErrors) []byte {
	t := reflect.TypeOf(countdown)
	for name, known := range c.types() {
		if bare(known) != bare(t) {
			continue
		}
		kwargs := c.encodeFields(join(path, "kwargs"), reflect.Indirect(reflect.ValueOf(countdown)), list)
		if len(*list) > 0 {
			return nil
		}
		return fmt.Appendf(nil, `{"choice":%s,"kwargs":%s}`, quoted(name), kwargs)
	}
	list.addf(path, "is a %v, want one that is registered: see RegisterCountdown", t)
	return nil
}

// decode reads the countdown that stands at path. It returns nil if there is
// something wrong with it.
func (c *Countdowns) decode(path string, data []byte, list *fieldErrors) Countdown {
	o := readObject(path, data, []string{"choice", "kwargs"}, list)
	if o == nil {
		return nil
	}
	var name string
	if raw := o.required("choice", "the name of a countdown", list); raw != nil {
		if json.Unmarshal(raw, &name) != nil {
			list.addf(join(path, "choice"), "is %s, want a string", kindOfJSON(raw))
			return nil
		}
	}
	raw := o.required("kwargs", "an object", list)
	if o.fields["choice"] == nil || raw == nil {
		return nil
	}
	t, ok := c.types()[name]
	if !ok {
		list.addf(join(path, "choice"), "is %q, want one of %s", shorten(name), strings.Join(c.Names(), ", "))
		return nil
	}
	before := len(*list)
	pointer := reflect.New(bare(t))
	c.decodeFields(join(path, "kwargs"), raw, pointer.Elem(), list)
	v := pointer.Interface()
	if t.Kind() != reflect.Pointer {
		v = pointer.Elem().Interface()
	}
	countdown, ok := v.(Countdown)
	if !ok || len(*list) > before { // what its Validate would say follows from that
		return nil
	}
	*list = append(*list, checkCountdown(path, countdown)...)
	if e, ok := countdown.(Exponential); ok && e.Factor == 0 && hasMember(raw, "factor") {
		list.addf(join(path, "kwargs.factor"), "is 0s, want 1 second or more") // only Go's zero is the default
	}
	if len(*list) > before {
		return nil
	}
	return countdown
}

// types returns all that c has, by name.
func (c *Countdowns) types() map[string]reflect.Type {
	if c == nil {
		return builtin
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.all()
}

// all is types for who holds the lock.
func (c *Countdowns) all() map[string]reflect.Type {
	if len(c.custom) == 0 {
		return builtin
	}
	all := maps.Clone(builtin)
	maps.Copy(all, c.custom)
	return all
}

// bare returns the struct of a countdown's type.
func bare(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
