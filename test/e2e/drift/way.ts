/** One way of changing a machine by hand, and how one sees that it is as declared again. */
export interface Way {
  readonly name: string;
  /** A shell line. */
  readonly harm: string;
  readonly look: string;
  readonly right: string;
  /** Id of the resource that an event has to name. */
  readonly tells: string;
}

export const way = (name: string, harm: string, look: string, right: string, tells: string): Way => ({
  ...{ name, harm, look, right, tells },
});
