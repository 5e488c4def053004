-- en: Top-N: the five product categories with the highest margin
-- zh: 排名：毛利最高的五个产品类别
-- ordered
select coalesce(no_product, category, '@not_given'), sum(revenue_e4) - sum(cost_e4) as margin__e4,
       (sum(revenue_e4) - sum(cost_e4)) || '/' || sum(revenue_e4) as margin_rate__fraction,
       sum(revenue_e4) || '/' || (count(distinct customer_id) * 10000) as revenue_per_customer__fraction
from sales group by 1 order by 2 desc, 1 limit 5
