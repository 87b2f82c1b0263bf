/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Topology: the parts of a node, and who of the job runs on which.
 */
#ifndef MULTIRANK_CXX_TOPOLOGY_HPP
#define MULTIRANK_CXX_TOPOLOGY_HPP

#include <multirank/cxx/error.hpp>
#include <multirank/cxx/span.hpp>
#include <multirank/topology.h>

#include <memory>

namespace multirank
{

/** The description of a node, freed with its variable; see mr_topology. */
class topology
{
  public:
    /** Describes the node of a rank; see mr_topology_read. */
    explicit topology(int rank)
    {
        mr_topology *c = nullptr;

        detail::check(mr_topology_read(rank, &c), "mr_topology_read");
        c_.reset(c);
    }

    /** The name of its host, its model, and the rest. */
    const mr_topology &operator*() const noexcept
    {
        return *c_;
    }

    const mr_topology *operator->() const noexcept
    {
        return c_.get();
    }

    /** Its parts, each before what is inside it. */
    span<const mr_topology_item> items() const noexcept
    {
        return {c_->items, c_->items_count};
    }

    /** Its ranks, each followed by its processes. */
    span<const mr_topology_resident> residents() const noexcept
    {
        return {c_->residents, c_->residents_count};
    }

  private:
    struct destroyer {
        void operator()(mr_topology *c) const noexcept
        {
            mr_topology_free(c);
        }
    };

    std::unique_ptr<mr_topology, destroyer> c_;
};

} // namespace multirank

#endif
