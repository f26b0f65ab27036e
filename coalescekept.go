package cactus

import (
	"container/list"
	"time"
)

// keptObjects are the last fetched states of objects, within bounds. Its user
// locks it.
type keptObjects struct {
	maxObjects int
	maxBytes   int64
	maxAge     time.Duration

	byKey map[objectKey]*list.Element
	order list.List // of *keptObject, the most recently used first
	bytes int64
}

type keptObject struct {
	key   objectKey
	body  []byte
	began time.Time // the fetch
	place *list.Element
}

// overhead is about what an entry costs beside its strings and its body.
const overhead = 256

func (k *keptObject) size() int64 {
	ref := k.key.ref
	return overhead + int64(len(k.body)+len(k.key.tenant)+len(k.key.context)+len(ref.ID)+len(ref.Type)+len(ref.URL))
}

// find returns the object, or nil if it is not here or too old.
func (o *keptObjects) find(key objectKey, now time.Time) *keptObject {
	place, ok := o.byKey[key]
	if !ok {
		return nil
	}
	k := entryOf(place)
	if now.Sub(k.began) > o.maxAge {
		o.remove(k)
		return nil
	}
	return k
}

// touch makes k the most recently used.
func (o *keptObjects) touch(k *keptObject) { o.order.MoveToFront(k.place) }

// add keeps an object in place of its older state, and drops what the bounds do
// not allow.
func (o *keptObjects) add(key objectKey, body []byte, began time.Time) {
	k := &keptObject{key: key, body: body, began: began}
	if o.maxObjects == 0 || k.size() > o.maxBytes {
		return
	}
	if place, ok := o.byKey[key]; ok {
		o.remove(entryOf(place))
	}
	if o.byKey == nil {
		o.byKey = make(map[objectKey]*list.Element)
	}
	k.place = o.order.PushFront(k)
	o.byKey[key] = k.place
	o.bytes += k.size()
	for o.bytes > o.maxBytes || len(o.byKey) > o.maxObjects || o.stale(began) {
		o.remove(entryOf(o.order.Back()))
	}
}

// stale reports whether the least recently used object is too old as well.
func (o *keptObjects) stale(now time.Time) bool {
	return now.Sub(entryOf(o.order.Back()).began) > o.maxAge
}

func (o *keptObjects) remove(k *keptObject) {
	o.order.Remove(k.place)
	delete(o.byKey, k.key)
	o.bytes -= k.size()
}

func entryOf(place *list.Element) *keptObject {
	return place.Value.(*keptObject) //nolint:errcheck,forcetypeassert // nothing else is put there
}
