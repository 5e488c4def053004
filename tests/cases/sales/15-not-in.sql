-- en: Not in: all home countries of customers but China, Germany and customers never seen; not given ones stay
-- zh: 排除：除中国、德国与未到达客户外的客户所在国；未填写者保留
select coalesce(no_customer, customer_country), sum(revenue_e4) as revenue__e4, count(distinct customer_id)
from sales where coalesce(no_customer, customer_country, '') not in ('China', 'Germany', '@not_yet_arrived')
group by 1
